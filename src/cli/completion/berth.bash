# bash completion for berth; made by "berth completion bash"
_berth_facts() {
  subs='' flags='' values='' kinds='' through=''
  case "$1" in
    # @COMMANDS@
  esac
}

_berth_kind() {
  local IFS=$' \t\n,' kind=$1 word=$2 before=$3 line
  case "$kind" in
    choice:*)
      for line in ${kind:7}; do [[ $line == "$word"* ]] && COMPREPLY+=("$before$line"); done ;;
    file | directory)
      local how=-f; [[ $kind == directory ]] && how=-d
      compopt -o filenames 2>/dev/null
      while IFS= read -r line; do COMPREPLY+=("$before$line"); done < <(compgen "$how" -- "$word") ;;
    machine | image | command)
      while IFS=$'\t' read -r line _; do COMPREPLY+=("$before$line"); done \
        < <("${COMP_WORDS[0]}" __complete "$kind" "$word" 2>/dev/null) ;;
  esac
}

_berth() {
  local IFS=$' \t\n' subs flags values kinds through
  local line=${COMP_LINE:0:COMP_POINT} path='' word cur='' pending='' only=0 position=0 item
  local -a words
  read -ra words <<<"$line"
  [[ $line == *[[:space:]] ]] || { cur=${words[-1]}; unset 'words[-1]'; }
  COMPREPLY=()
  _berth_facts ''
  for word in "${words[@]:1}"; do
    if [[ -n $pending ]]; then pending=''; continue; fi
    if ((!only)) && [[ $word == -- ]]; then only=1; continue; fi
    if ((!only)) && [[ $word == -* ]]; then
      for item in $values; do [[ $word == "${item%%=*}" ]] && pending=${item#*=}; done
      continue
    fi
    if ((position == 0)) && [[ " $subs " == *" $word "* ]]; then
      path="${path:+$path }$word"
      _berth_facts "$path"
    else
      position=$((position + 1))
      [[ -n $through ]] && only=1
    fi
  done

  if [[ -n $pending ]]; then
    _berth_kind "$pending" "$cur" ''
  elif ((!only)) && [[ $cur == --*=* ]]; then
    for item in $values; do
      [[ ${cur%%=*} == "${item%%=*}" ]] && _berth_kind "${item#*=}" "${cur#*=}" "${cur%%=*}="
    done
  elif ((!only)) && [[ $cur == -* ]]; then
    for item in $flags; do [[ $item == "$cur"* ]] && COMPREPLY+=("$item"); done
  else
    if ((position == 0)); then
      for item in $subs; do [[ $item == "$cur"* ]] && COMPREPLY+=("$item"); done
    fi
    local -a each=()
    read -ra each <<<"$kinds"
    item=${each[position]-}
    [[ -z $item && ${#each[@]} -gt 0 && ${each[-1]} == *'*' ]] && item=${each[-1]}
    [[ -n $item ]] && _berth_kind "${item%'*'}" "$cur" ''
  fi

  local readline=${COMP_WORDS[COMP_CWORD]} at
  [[ $readline == [=:] ]] && readline=''
  local known=$((${#cur} - ${#readline}))
  if ((known > 0)); then
    for at in "${!COMPREPLY[@]}"; do COMPREPLY[at]=${COMPREPLY[at]:known}; done
  fi
}

complete -F _berth berth
