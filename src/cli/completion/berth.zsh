#compdef berth
# zsh completion for berth; made by "berth completion zsh"

_berth_ask() {
  local -a found
  local word about
  # $words begins with the subcommand here.
  $berth_program __complete "$1" "$PREFIX" 2>/dev/null | while IFS=$'\t' read -r word about; do
    found+=("${word//:/\\:}${about:+:$about}")
  done
  _describe -t "$1" "$1" found
}

# @FUNCTIONS@
if [[ $funcstack[1] == _berth ]]; then
  _berth "$@"
else
  compdef _berth berth
fi
