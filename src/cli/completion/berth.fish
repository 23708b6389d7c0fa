# fish completion for berth; made by "berth completion fish"
set -g __berth_commands @COMMANDS@
set -g __berth_values @VALUES@

# True when the command so far is the given one.
function __berth_at
    set -l path
    # A variable, since a command substitution that says nothing is no word at all.
    set -l here ''
    set -l skip 0
    for word in (commandline -opc)[2..-1]
        if test $skip -eq 1
            set skip 0
        else if string match -q -- '-*' $word
            contains -- "$here|$word" $__berth_values; and set skip 1
        else if contains -- (string join ' ' $path $word) $__berth_commands
            set path $path $word
            set here (string join ' ' $path)
        else
            break
        end
    end
    test "$here" = "$argv[1]"
end

function __berth_ask
    berth __complete $argv[1] (commandline -ct) 2>/dev/null
end

complete -c berth -f
# @LINES@
