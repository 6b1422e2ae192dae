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
            @options@
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
    @text@
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
@completions@
