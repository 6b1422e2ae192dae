# Completions of hobnobd for fish, made by scripts/pages from the program's table.

complete -c hobnobd -f
complete -c hobnobd -s l -l listen -x -d 'TCP and UDP; port 0 takes a free one (default: [::]:12000)'
complete -c hobnobd -s d -l data -x -a '(__fish_complete_directories (commandline -ct))' -d 'key, accounts, held mail (default: hobnobd in the XDG data directory)'
complete -c hobnobd -l pool -x -d 'where virtual addresses come from (default: 100.64.0.0/10)'
complete -c hobnobd -l max-clients -x -d 'clients at most (default: 10000)'
complete -c hobnobd -l hold-days -x -d 'days that mail is held (default: 30)'
complete -c hobnobd -l hold-bytes -x -d 'bytes of mail held for one person (default: 16777216)'
complete -c hobnobd -s j -l json -d 'JSON lines out'
complete -c hobnobd -s v -l verbose -d 'more log on stderr; repeat for more (RUST_LOG does it too)'
complete -c hobnobd -s h -l help -d 'this text'
complete -c hobnobd -s V -l version -d 'the version'
