# bash completion for hobnob, made by scripts/pages from the program's tables.
# shellcheck shell=bash

# What stands behind a verb: each argument's kind, its own options, whether the rest is text.
_hobnob_verb() {
    case ${1,,} in
        @verbs@
        *) return 1 ;;
    esac
}

# What an option takes: a kind a word.
_hobnob_option() {
    case $1 in
        @options@
        *) return 1 ;;
    esac
}

# A field of what a verb lists, from the hobnob that runs or from the disk; nobody is asked, and no
# hook of a profile at rest is run. What is no plain word is left out: compgen would expand it.
_hobnob_ask() { # FIELD VERB...
    local field=$1 home=${home:-${HOBNOB_HOME:-${XDG_DATA_HOME:-~/.local/share}/hobnob}}
    shift
    [[ -e $home/hobnob.db ]] || return 0
    [[ -S $home/control ]] || ! grep -qs '^[[:space:]]*on[[:space:]]*=' "$home/config" || return 0
    hobnob --home "$home" --no-server --json --timeout 2 "$@" </dev/null 2>/dev/null |
        sed -n 's/.*[{,]"'"$field"'":"\([[:alnum:]._:@-]*\)".*/\1/p'
}

_hobnob_people() {
    _hobnob_ask name friends
    _hobnob_ask from requests
    _hobnob_ask name blocks
}

# Offers what begins like $cur of the words given.
_hobnob_offer() {
    mapfile -t COMPREPLY < <(compgen -W "$*" -- "$cur")
}

_hobnob_values() { # KIND
    local before='' listing
    case $1 in
        choice:*)
            IFS=, read -ra listing <<<"${1#*:}"
            _hobnob_offer "${listing[@]}"
            ;;
        person) _hobnob_offer "$(_hobnob_people)" ;;
        people)
            [[ $cur != *,* ]] || before=${cur%,*},
            cur=${cur##*,}
            _hobnob_offer "$(_hobnob_people)"
            COMPREPLY=("${COMPREPLY[@]/#/$before}")
            ;;
        group) _hobnob_offer "$(_hobnob_ask name group list)" ;;
        with) _hobnob_offer "$(_hobnob_people)" "$(_hobnob_ask name group list)" ;;
        id:*)
            IFS=+ read -ra listing <<<"${1#*:}"
            _hobnob_offer "$(_hobnob_ask id "${listing[@]}")"
            ;;
        verb) _hobnob_first ;;
        directory)
            compopt -o filenames 2>/dev/null
            mapfile -t COMPREPLY < <(compgen -d -- "$cur")
            ;;
        file)
            compopt -o filenames 2>/dev/null
            mapfile -t COMPREPLY < <(compgen -f -- "$cur")
            ;;
        wav)
            compopt -o filenames 2>/dev/null
            mapfile -t COMPREPLY < <(compgen -d -- "$cur"; compgen -f -X '!*.[wW][aA][vV]' -- "$cur")
            ;;
    esac
}

_hobnob_first() {
    @first@
}

# The rest of a verb of two words.
_hobnob_second() {
    case ${1,,} in
        @second@
    esac
}

# The words up to the cursor, --option=value whole again, in $words.
_hobnob_split() {
    local word last
    for word in "${COMP_WORDS[@]:1:COMP_CWORD}"; do
        last=$((${#words[@]} - 1))
        if ((last >= 0)) && [[ ${words[last]} == --* ]] &&
            [[ $word == = || ${words[last]} == *= ]]; then
            words[last]+=$word
        else
            words+=("$word")
        fi
    done
}

# Takes one word that stands before the one being typed.
_hobnob_take() {
    local word=$1 takes=''
    if ((${#pending[@]})); then
        [[ ${pending[0]} != home ]] || home=${word/#\~/$HOME}
        pending=("${pending[@]:1}")
    elif [[ -n $text && $at -gt 0 || $word != -?* ]]; then
        if ((at == 0)) && _hobnob_verb "${verb:+$verb }$word"; then
            verb=${verb:+$verb }$word known=yes
        elif [[ -z $known ]]; then
            verb=${verb:+$verb }$word
        else
            at=$((at + 1))
        fi
    elif [[ $word == *=* ]]; then
        _hobnob_is_home "${word%%=*}" && home=${word#*=} home=${home/#\~/$HOME}
    elif _hobnob_own "$word" || _hobnob_option "$word"; then
        read -ra pending <<<"$takes"
        ! _hobnob_is_home "$word" || pending=(home)
    fi
}

_hobnob_is_home() {
    case $1 in
        @home@
        *) return 1 ;;
    esac
}

# What an option of the verb's own takes.
_hobnob_own() {
    local option
    for option in $own; do
        if [[ $1 == "${option%%=*}" ]]; then
            [[ $option != *=* ]] || takes=${option#*=}
            return 0
        fi
    done
    return 1
}

_hobnob() {
    local words=() pending=() verb='' known='' args='' own='' text='' home='' at=0 word cur
    _hobnob_split
    cur=${words[-1]-}
    for word in "${words[@]:0:${#words[@]}-1}"; do
        _hobnob_take "$word"
    done
    COMPREPLY=()
    local takes='' names='' kinds option
    if ((${#pending[@]})); then
        [[ ${pending[0]} != home ]] || pending=(directory)
        _hobnob_values "${pending[0]}"
    elif [[ -n $text && $at -gt 0 ]]; then
        read -ra kinds <<<"$args"
        _hobnob_values "${kinds[at]-}"
    elif [[ $cur == --*=* ]]; then
        option=${cur%%=*} cur=${cur#*=}
        _hobnob_own "$option" || _hobnob_option "$option"
        _hobnob_values "${takes%% *}"
        [[ $COMP_WORDBREAKS == *=* ]] || COMPREPLY=("${COMPREPLY[@]/#/$option=}")
    elif [[ $cur == -* ]]; then
        for option in $own; do
            names+="${option%%=*} "
        done
        @names@
    elif [[ -n $known ]]; then
        read -ra kinds <<<"$args"
        _hobnob_values "${kinds[at]-}"
    elif [[ -n $verb ]]; then
        _hobnob_second "$verb"
    else
        _hobnob_first
    fi
}

complete -F _hobnob hobnob
