# bash completion for hobnobd, made by scripts/pages from the program's table of options.
# shellcheck shell=bash

_hobnobd() {
    local cur=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
    COMPREPLY=()
    if [[ $cur == = ]]; then
        cur=''
    elif [[ $before == = ]]; then
        before=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    case $before in
        @options@
        *)
            @names@
            ;;
    esac
}

complete -F _hobnobd hobnobd
