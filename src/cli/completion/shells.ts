/** What a shell reads to complete a command line of ours. Each asks `lakemark __complete` with the words so far. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const

export type Shell = (typeof SHELLS)[number]

/** Where nothing of ours fits, the names of files do. */
const SCRIPTS: Readonly<Record<Shell, string>> = {
  bash: `_lakemark() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do
    COMPREPLY+=("\${line%%$'\\t'*}")
  done < <("$1" __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _lakemark lakemark
`,
  zsh: `#compdef lakemark
_lakemark() {
  local line value
  local -a found
  while IFS= read -r line; do
    value="\${line%%$'\\t'*}"
    found+=("\${value//:/\\\\:}:\${line#*$'\\t'}")
  done < <("\${words[1]}" __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
  if (( \${#found} )); then
    _describe lakemark found
  else
    _files
  fi
}
compdef _lakemark lakemark
`,
  fish: `function __lakemark_complete
  set -l words (commandline -opc)
  set -l current (commandline -ct)
  set -l found ($words[1] __complete -- $words[2..-1] "$current" 2>/dev/null)
  if test (count $found) -gt 0
    printf '%s\\n' $found
  else
    __fish_complete_path "$current"
  end
end
complete -c lakemark -f -a '(__lakemark_complete)'
`,
}

export function completionScript(shell: Shell): string {
  return SCRIPTS[shell]
}
