#compdef hobnob
# Made by scripts/pages from the program's tables.

# A field of what a verb lists, from the hobnob that runs or from the disk; nobody is asked, and no
# hook of a profile at rest is run.
_hobnob_ask() { # FIELD VERB...
    local field=$1 home=${${opt_args[--home]:-${opt_args[-H]:-$profile}}:-$HOBNOB_HOME}
    shift
    home=${~${(Q)home}:-${XDG_DATA_HOME:-$HOME/.local/share}/hobnob}
    [[ -e $home/hobnob.db ]] || return 0
    [[ -S $home/control ]] || ! grep -qs '^[[:space:]]*on[[:space:]]*=' $home/config || return 0
    hobnob --home $home --no-server --json --timeout 2 $@ </dev/null 2>/dev/null |
        sed -n 's/.*[{,]"'$field'":"\([[:alnum:]._:@-]*\)".*/\1/p'
}

_hobnob_person() {
    local -a people expl
    people=($(_hobnob_ask name friends; _hobnob_ask from requests; _hobnob_ask name blocks))
    _wanted people expl person compadd -a "$@" people
}

_hobnob_people() {
    compset -P '*,'
    _hobnob_person -S ' ' "$@"
}

_hobnob_group() {
    local -a groups expl
    groups=($(_hobnob_ask name group list))
    _wanted groups expl group compadd -a "$@" groups
}

_hobnob_with() {
    _hobnob_person
    _hobnob_group
}

_hobnob_id() { # VERB...
    local -a ids expl
    ids=($(_hobnob_ask id $@))
    _wanted ids expl id compadd -a ids
}

_hobnob_verb() {
    local -a verbs=(
        @first@
    )
    _describe -t verbs verb verbs
}

# The rest of a verb of two words.
_hobnob_second() {
    local -a verbs
    case $1 in
        @second@
    esac
    _describe -t verbs verb verbs
}

_hobnob() {
    local curcontext=$curcontext state line verb profile
    typeset -A opt_args
    local -a options=(
        @options@
    )
    _arguments -C -s -S -A '-*' $options '1: :_hobnob_verb' '*:: :->behind' && return
    [[ $state == behind ]] || return 1
    profile=${opt_args[--home]:-$opt_args[-H]}
    verb=${(L)words[1]}
    case $verb in
        @families@
            if ((CURRENT == 2)); then
                _hobnob_second $verb
                return
            fi
            verb+=" ${(L)words[2]}"
            shift words
            ((CURRENT--))
            ;;
    esac
    case $verb in
        @verbs@
        *) _message 'no such verb' ;;
    esac
}

_hobnob "$@"
