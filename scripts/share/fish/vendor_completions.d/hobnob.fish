# Completions of hobnob for fish, made by scripts/pages from the program's tables.

# The words before the cursor that are neither options nor their values; text is kept whole. Of an
# option's values fish itself offers the first alone.
function __hobnob_words
    set -l skip 0
    set -l values 0
    set -l words
    for word in (commandline -opc)[2..]
        if test $skip -gt 0
            set skip (math $skip - 1)
            continue
        end
        switch $word
            case -H --home
                set skip 1
                set values 1
            case -n --name
                set skip 1
                set values 1
            case -s --server
                set skip 1
                set values 1
            case --proxy
                set skip 1
                set values 1
            case -l --listen
                set skip 1
                set values 1
            case --paths
                set skip 1
                set values 1
            case --port-mapping
                set skip 1
                set values 1
            case --accept
                set skip 1
                set values 1
            case --wait
                set skip 1
                set values 1
            case -t --timeout
                set skip 1
                set values 1
            case --files
                set skip 1
                set values 1
            case --transcriber
                set skip 1
                set values 1
            case --on
                set skip 2
                set values 2
            case --on-seconds
                set skip 1
                set values 1
            case --notify
                set skip 1
                set values 1
            case --run-seconds
                set skip 1
                set values 1
            case --run-output
                set skip 1
                set values 1
            case --run-memory
                set skip 1
                set values 1
            case --limit
                set skip 1
                set values 1
            case --since
                set skip 1
                set values 1
            case --with
                set skip 1
                set values 1
            case --from
                set skip 1
                set values 1
            case --match
                set skip 1
                set values 1
            case --event
                set skip 1
                set values 1
            case --until
                set skip 1
                set values 1
            case --out
                set skip 1
                set values 1
            case '-?*'
                if __hobnob_is_text $words
                    set -a words $word
                end
            case '*'
                set -a words $word
        end
    end
    test $skip -eq 0 -o $skip -eq $values; or set words '' $words
    string join \n -- $words
end

# Whether what follows these words is text.
function __hobnob_is_text
    set -l words (string lower -- $argv)
    test (count $words) -gt 1; and test "$words[1..1]" = 'msg'; and return 0
    test (count $words) -gt 1; and test "$words[1..1]" = 'message'; and return 0
    test (count $words) -gt 2; and test "$words[1..2]" = 'group say'; and return 0
    test (count $words) -gt 1; and test "$words[1..1]" = 'broadcast'; and return 0
    test (count $words) -gt 1; and test "$words[1..1]" = 'run'; and return 0
    test (count $words) -gt 1; and test "$words[1..1]" = 'grant'; and return 0
    return 1
end

# Whether the words before the cursor are a verb of these and so many arguments.
function __hobnob_at # NUMBER VERB...
    set -l words (string lower -- (__hobnob_words))
    for verb in $argv[2..]
        set -l verb (string split ' ' -- $verb)
        set -l behind (math (count $words) - (count $verb))
        if test $behind -eq $argv[1]; and test "$words[1..$(count $verb)]" = "$verb"
            return 0
        end
    end
    return 1
end

# Whether they are one of these verbs and anything.
function __hobnob_in # VERB...
    set -l words (string lower -- (__hobnob_words))
    for verb in $argv
        set -l verb (string split ' ' -- $verb)
        test "$words[1..$(count $verb)]" = "$verb"; and return 0
    end
    return 1
end

function __hobnob_needs_verb
    test (count (__hobnob_words)) -eq 0
end

# A field of what a verb lists, from the hobnob that runs or from the disk; nobody is asked, and no
# hook of a profile at rest is run.
function __hobnob_ask # FIELD VERB...
    set -l data $XDG_DATA_HOME
    test -n "$data"; or set data ~/.local/share
    set -l home $HOBNOB_HOME
    test -n "$home"; or set home $data/hobnob
    set -l words (commandline -opc)
    for at in (seq (count $words))
        switch $words[$at]
            case --home -H
                set -q words[(math $at + 1)]; and set home (string replace -r '^~' ~ -- $words[(math $at + 1)])
            case '--home=*'
                set home (string replace -r '^~' ~ -- (string replace -- --home= '' $words[$at]))
        end
    end
    test -e $home/hobnob.db; or return 0
    test -S $home/control; or not grep -qs '^[[:space:]]*on[[:space:]]*=' $home/config; or return 0
    hobnob --home $home --no-server --json --timeout 2 $argv[2..] </dev/null 2>/dev/null |
        sed -n 's/.*[{,]"'$argv[1]'":"\([[:alnum:]._:@-]*\)".*/\1/p'
end

function __hobnob_person
    __hobnob_ask name friends
    __hobnob_ask from requests
    __hobnob_ask name blocks
end

function __hobnob_people
    set -l before (string match -r '.*,' -- (commandline -ct))
    for person in (__hobnob_person)
        echo "$before$person"
    end
end

function __hobnob_group
    __hobnob_ask name group list
end

function __hobnob_with
    __hobnob_person
    __hobnob_group
end

complete -c hobnob -f
complete -c hobnob -n __hobnob_needs_verb -a online -d 'sign in'
complete -c hobnob -n __hobnob_needs_verb -a offline -d 'sign out, staying in the program; what is sent meanwhile is queued'
complete -c hobnob -n __hobnob_needs_verb -a public -d 'let anybody find me; kept over restarts'
complete -c hobnob -n __hobnob_needs_verb -a private -d 'let only friends find me; kept over restarts'
complete -c hobnob -n __hobnob_needs_verb -a who -d 'who is online and visible to me'
complete -c hobnob -n __hobnob_needs_verb -a lookup -d 'address, fingerprint and presence of one person'
complete -c hobnob -n __hobnob_needs_verb -a whoami -d 'my name, addresses, fingerprint and visibility'
complete -c hobnob -n __hobnob_needs_verb -a update -d 'ask the server again for everybody\'s state'
complete -c hobnob -n __hobnob_needs_verb -a chat -d 'ask for a session; then plain lines go there. A group needs none'
complete -c hobnob -n __hobnob_needs_verb -a accept -d 'say yes to who asks for a session'
complete -c hobnob -n __hobnob_needs_verb -a decline -d 'say no to who asks for a session'
complete -c hobnob -n __hobnob_needs_verb -a close -d 'end a session; both sides see it end'
complete -c hobnob -n __hobnob_needs_verb -a sessions -d 'the sessions there are, their paths and round trips'
complete -c hobnob -n __hobnob_needs_verb -a why -d 'how somebody is reached, or not: each path tried, and its result'
complete -c hobnob -n __hobnob_needs_verb -a add -d 'ask to be friends; they may be away'
complete -c hobnob -n __hobnob_needs_verb -a requests -d 'friend requests that wait for me'
complete -c hobnob -n __hobnob_needs_verb -a confirm -d 'say yes to a friend request'
complete -c hobnob -n __hobnob_needs_verb -a reject -d 'say no to a friend request'
complete -c hobnob -n __hobnob_needs_verb -a friends -d 'the friends I have'
complete -c hobnob -n __hobnob_needs_verb -a unfriend -d 'end a friendship'
complete -c hobnob -n __hobnob_needs_verb -a block -d 'let nothing of theirs through; they are not told'
complete -c hobnob -n __hobnob_needs_verb -a unblock -d 'take that back'
complete -c hobnob -n __hobnob_needs_verb -a blocks -d 'whom I block'
complete -c hobnob -n __hobnob_needs_verb -a verify -d 'the safety number that both of us compare'
complete -c hobnob -n __hobnob_needs_verb -a trust -d 'accept a changed key'
complete -c hobnob -n __hobnob_needs_verb -a msg -d 'one message to one or several'
complete -c hobnob -n __hobnob_needs_verb -a to -d 'plain lines go there, nobody is asked; alone: to who waits longest'
complete -c hobnob -n __hobnob_needs_verb -a notify -d 'what rings and runs --notify there; alone: where it is not as usual'
complete -c hobnob -n __hobnob_needs_verb -a outbox -d 'what is not delivered yet, with its state'
complete -c hobnob -n __hobnob_needs_verb -a drop -d 'give up a message of the outbox'
complete -c hobnob -n __hobnob_needs_verb -a history -d 'what was said, latest last; a name is a person\'s before a group\'s'
complete -c hobnob -n __hobnob_needs_verb -a search -d 'what was said with these words, newest first; word* fits any ending'
complete -c hobnob -n __hobnob_needs_verb -a events -d 'the event log after a number; --follow goes on with what happens'
complete -c hobnob -n __hobnob_needs_verb -a wait -d 'until an event fits, or time runs out; prints it'
complete -c hobnob -n __hobnob_needs_verb -a send -d 'offer somebody a file; taken, it comes through any break'
complete -c hobnob -n __hobnob_needs_verb -a files -d 'every file offered, on its way, or done'
complete -c hobnob -n __hobnob_needs_verb -a take -d 'have a file that is offered; PATH is its new name, or a directory'
complete -c hobnob -n __hobnob_needs_verb -a refuse -d 'say no to a file that is offered'
complete -c hobnob -n __hobnob_needs_verb -a cancel -d 'give up a file on its way, or a command'
complete -c hobnob -n __hobnob_needs_verb -a voice -d 'a voice message, with its words where a transcriber is found'
complete -c hobnob -n __hobnob_needs_verb -a run -d 'ask to run exactly these words on their machine, never in a shell'
complete -c hobnob -n __hobnob_needs_verb -a allow -d 'say yes to a command that is asked for, once'
complete -c hobnob -n __hobnob_needs_verb -a deny -d 'say no to it'
complete -c hobnob -n __hobnob_needs_verb -a grant -d 'say yes to exactly this command line of a friend from now on'
complete -c hobnob -n __hobnob_needs_verb -a grants -d 'what I said yes to from now on'
complete -c hobnob -n __hobnob_needs_verb -a revoke -d 'take such a yes back'
complete -c hobnob -n __hobnob_needs_verb -a listen -d 'print events until told to stop; reads no input'
complete -c hobnob -n __hobnob_needs_verb -a config -d 'the options in force, and where each of them comes from'
complete -c hobnob -n __hobnob_needs_verb -a export -d 'all my data as JSON lines; --anonymise: with nobody in it'
complete -c hobnob -n __hobnob_needs_verb -a help -d 'the verbs, or one of them, or all that begin so: help group'
complete -c hobnob -n __hobnob_needs_verb -a quit -d 'leave the program'
complete -c hobnob -n __hobnob_needs_verb -a group -d 'create, join, leave, invite, kick, allow, deny, list, members, say'
complete -c hobnob -n __hobnob_needs_verb -a post -d 'add, rm, list, get'
complete -c hobnob -n '__hobnob_at 0 group' -a create -d 'found a group and lead it; public unless --private (or 0)'
complete -c hobnob -n '__hobnob_at 0 group' -a join -d 'ask to be let in, or accept; GROUP is NAME or NAME@LEADER'
complete -c hobnob -n '__hobnob_at 0 group' -a leave -d 'be out of it; after its leader the longest member leads'
complete -c hobnob -n '__hobnob_at 0 group' -a invite -d 'as leader: ask somebody in'
complete -c hobnob -n '__hobnob_at 0 group' -a kick -d 'as leader: put somebody out'
complete -c hobnob -n '__hobnob_at 0 group' -a allow -d 'as leader: let in who asked'
complete -c hobnob -n '__hobnob_at 0 group' -a deny -d 'as leader: do not let in who asked'
complete -c hobnob -n '__hobnob_at 0 group' -a list -d 'my groups; --public: those on the server'
complete -c hobnob -n '__hobnob_at 0 group' -a members -d 'who is in it'
complete -c hobnob -n '__hobnob_at 0 group' -a say -d 'to every member, online or not'
complete -c hobnob -n '__hobnob_at 0 post' -a add -d 'let my friends have a file'
complete -c hobnob -n '__hobnob_at 0 post' -a rm -d 'not any more'
complete -c hobnob -n '__hobnob_at 0 post' -a list -d 'what I let my friends have, or what a friend lets me have'
complete -c hobnob -n '__hobnob_at 0 post' -a get -d 'have a friend\'s file; of one who is away it comes later'
complete -c hobnob -n '__hobnob_at 0 "lookup"' -a '(__hobnob_person)'
complete -c hobnob -n '__hobnob_at 0 "chat" "connect"' -a '(__hobnob_person)'
complete -c hobnob -n '__hobnob_at 0 "accept"' -a '(__hobnob_person)'
complete -c hobnob -n '__hobnob_at 0 "decline"' -a '(__hobnob_person)'
complete -c hobnob -n '__hobnob_at 0 "close" "!dis!" "disconnect"' -a '(__hobnob_person)'
complete -c hobnob -n '__hobnob_at 0 "why"' -a '(__hobnob_person)'
complete -c hobnob -n '__hobnob_at 0 "add"' -a '(__hobnob_person)'
complete -c hobnob -n '__hobnob_at 0 "confirm"' -a '(__hobnob_person)'
complete -c hobnob -n '__hobnob_at 0 "reject"' -a '(__hobnob_person)'
complete -c hobnob -n '__hobnob_at 0 "unfriend"' -a '(__hobnob_person)'
complete -c hobnob -n '__hobnob_at 0 "block"' -a '(__hobnob_person)'
complete -c hobnob -n '__hobnob_at 0 "unblock"' -a '(__hobnob_person)'
complete -c hobnob -n '__hobnob_at 0 "verify"' -a '(__hobnob_person)'
complete -c hobnob -n '__hobnob_at 0 "trust"' -a '(__hobnob_person)'
complete -c hobnob -n '__hobnob_at 0 "msg" "message"' -a '(__hobnob_people)'
complete -c hobnob -n '__hobnob_at 0 "to"' -a '(__hobnob_with)'
complete -c hobnob -n '__hobnob_at 0 "notify"' -a '(__hobnob_with)'
complete -c hobnob -n '__hobnob_at 1 "notify"' -a 'off mentions all'
complete -c hobnob -n '__hobnob_at 0 "drop"' -a '(__hobnob_ask id outbox)'
complete -c hobnob -n '__hobnob_at 0 "history"' -a '(__hobnob_with)'
complete -c hobnob -n '__hobnob_in "history"' -l limit -x
complete -c hobnob -n '__hobnob_in "history"' -l since -x
complete -c hobnob -n '__hobnob_in "search"' -l with -x -a '(__hobnob_with)'
complete -c hobnob -n '__hobnob_in "search"' -l limit -x
complete -c hobnob -n '__hobnob_in "events"' -l since -x
complete -c hobnob -n '__hobnob_in "events"' -l follow
complete -c hobnob -n '__hobnob_in "wait"' -l from -x -a '(__hobnob_with)'
complete -c hobnob -n '__hobnob_in "wait"' -l match -x
complete -c hobnob -n '__hobnob_in "wait"' -l event -x -a 'ready online offline presence session message receipt request friend group file post voice run identity'
complete -c hobnob -n '__hobnob_in "group create" "create_group"' -l private
complete -c hobnob -n '__hobnob_at 0 "group join" "join_group"' -a '(__hobnob_group)'
complete -c hobnob -n '__hobnob_at 0 "group leave" "leave_group"' -a '(__hobnob_group)'
complete -c hobnob -n '__hobnob_at 0 "group invite" "invite"' -a '(__hobnob_group)'
complete -c hobnob -n '__hobnob_at 1 "group invite" "invite"' -a '(__hobnob_person)'
complete -c hobnob -n '__hobnob_at 0 "group kick" "remove_member"' -a '(__hobnob_group)'
complete -c hobnob -n '__hobnob_at 1 "group kick" "remove_member"' -a '(__hobnob_person)'
complete -c hobnob -n '__hobnob_at 0 "group allow"' -a '(__hobnob_group)'
complete -c hobnob -n '__hobnob_at 1 "group allow"' -a '(__hobnob_person)'
complete -c hobnob -n '__hobnob_at 0 "group deny"' -a '(__hobnob_group)'
complete -c hobnob -n '__hobnob_at 1 "group deny"' -a '(__hobnob_person)'
complete -c hobnob -n '__hobnob_in "group list"' -l public
complete -c hobnob -n '__hobnob_at 0 "group members"' -a '(__hobnob_group)'
complete -c hobnob -n '__hobnob_at 0 "group say" "broadcast"' -a '(__hobnob_group)'
complete -c hobnob -n '__hobnob_at 0 "send"' -a '(__hobnob_person)'
complete -c hobnob -n '__hobnob_at 1 "send"' -F
complete -c hobnob -n '__hobnob_at 0 "take"' -a '(__hobnob_ask id files)'
complete -c hobnob -n '__hobnob_at 1 "take"' -F
complete -c hobnob -n '__hobnob_at 0 "refuse"' -a '(__hobnob_ask id files)'
complete -c hobnob -n '__hobnob_at 0 "cancel"' -a '(__hobnob_ask id files)'
complete -c hobnob -n '__hobnob_at 0 "post add" "post upload"' -F
complete -c hobnob -n '__hobnob_at 0 "post rm" "post remove"' -a '(__hobnob_ask id post list)'
complete -c hobnob -n '__hobnob_at 0 "post list"' -a '(__hobnob_person)'
complete -c hobnob -n '__hobnob_at 0 "post get"' -a '(__hobnob_person)'
complete -c hobnob -n '__hobnob_at 2 "post get"' -F
complete -c hobnob -n '__hobnob_at 0 "voice"' -a '(__hobnob_person)'
complete -c hobnob -n '__hobnob_at 1 "voice"' -a '(__fish_complete_suffix .wav)'
complete -c hobnob -n '__hobnob_at 0 "run"' -a '(__hobnob_person)'
complete -c hobnob -n '__hobnob_at 0 "grant"' -a '(__hobnob_person)'
complete -c hobnob -n '__hobnob_in "grant"' -l until -x
complete -c hobnob -n '__hobnob_at 0 "revoke"' -a '(__hobnob_ask id grants)'
complete -c hobnob -n '__hobnob_in "export"' -l anonymise
complete -c hobnob -n '__hobnob_in "export"' -l out -r -F
complete -c hobnob -n '__hobnob_at 0 "help"' -a 'online offline public private who lookup whoami update chat accept decline close sessions why add requests confirm reject friends unfriend block unblock blocks verify trust msg to notify outbox drop history search events wait send files take refuse cancel voice run allow deny grant grants revoke listen config export help quit group post'
complete -c hobnob -n 'not __hobnob_is_text (__hobnob_words)' -s H -l home -x -a '(__fish_complete_directories (commandline -ct))' -d 'the profile (default: hobnob in the XDG data directory)'
complete -c hobnob -n 'not __hobnob_is_text (__hobnob_words)' -s n -l name -x -d 'the name to register; needed on the first run only'
complete -c hobnob -n 'not __hobnob_is_text (__hobnob_words)' -s s -l server -x -d 'the server, pinned to KEY or the one first seen; kept'
complete -c hobnob -n 'not __hobnob_is_text (__hobnob_words)' -l no-server -d 'peers by address and on the local network only'
complete -c hobnob -n 'not __hobnob_is_text (__hobnob_words)' -l host -d 'be the server as well, in this process (default: [::]:12000)'
complete -c hobnob -n 'not __hobnob_is_text (__hobnob_words)' -l proxy -x -d 'dial through this (Tor), and tell nobody an address'
complete -c hobnob -n 'not __hobnob_is_text (__hobnob_words)' -s l -l listen -x -d 'where peers reach us, TCP and UDP (default: [::]:0)'
complete -c hobnob -n 'not __hobnob_is_text (__hobnob_words)' -l paths -x -d 'which paths to peers are used (default: direct,udp,relay)'
complete -c hobnob -n 'not __hobnob_is_text (__hobnob_words)' -l port-mapping -x -a 'yes no' -d 'yes or no: ask the router for a port (default: yes)'
complete -c hobnob -n 'not __hobnob_is_text (__hobnob_words)' -l accept -x -a 'friends all none' -d 'friends, all or none: let in without asking (default: friends)'
complete -c hobnob -n 'not __hobnob_is_text (__hobnob_words)' -l wait -x -a 'queued sent held delivered' -d 'how far msg must come: queued, sent, held, delivered (default: held)'
complete -c hobnob -n 'not __hobnob_is_text (__hobnob_words)' -s t -l timeout -x -d 'how long a verb may take (default: 10)'
complete -c hobnob -n 'not __hobnob_is_text (__hobnob_words)' -l files -x -a '(__fish_complete_directories (commandline -ct))' -d 'where files go that are taken (default: files in the profile)'
complete -c hobnob -n 'not __hobnob_is_text (__hobnob_words)' -l transcriber -x -d 'what writes voice down; \'\' for none (default: one found)'
complete -c hobnob -n 'not __hobnob_is_text (__hobnob_words)' -l on -x -a 'ready online offline presence session message receipt request friend group file post voice run identity all' -d 'what to run for each event of a kind, or all; repeat for more'
complete -c hobnob -n 'not __hobnob_is_text (__hobnob_words)' -l on-seconds -x -d 'how long that may take (default: 30)'
complete -c hobnob -n 'not __hobnob_is_text (__hobnob_words)' -l notify -x -d 'what to run for a direct message or a mention; {from} {group} {text}'
complete -c hobnob -n 'not __hobnob_is_text (__hobnob_words)' -l run-seconds -x -d 'how long a command of somebody else\'s may run (default: 60)'
complete -c hobnob -n 'not __hobnob_is_text (__hobnob_words)' -l run-output -x -d 'what it may write (default: 1M)'
complete -c hobnob -n 'not __hobnob_is_text (__hobnob_words)' -l run-memory -x -d 'memory that each process of it may have (default: 256M)'
complete -c hobnob -n 'not __hobnob_is_text (__hobnob_words)' -s j -l json -d 'JSON lines out, and JSON or slash lines in'
complete -c hobnob -n 'not __hobnob_is_text (__hobnob_words)' -l time -d 'the moment before each plain line'
complete -c hobnob -n 'not __hobnob_is_text (__hobnob_words)' -s v -l verbose -d 'more log on stderr; repeat for more (RUST_LOG does it too)'
complete -c hobnob -n 'not __hobnob_is_text (__hobnob_words)' -s h -l help -d 'this text'
complete -c hobnob -n 'not __hobnob_is_text (__hobnob_words)' -s V -l version -d 'the version'
