#compdef hobnobd
# Made by scripts/pages from the program's table of options.

_hobnobd() {
    local -a options=(
        @options@
    )
    _arguments -s -S $options
}

_hobnobd "$@"
