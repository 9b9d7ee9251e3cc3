import { defineCommand } from '../command.ts'
import { SHELLS, type Shell } from '../completion/shells.ts'

export const completionCommand = defineCommand({
  name: 'completion',
  group: 'Besides:',
  summary: 'what lets bash, zsh or fish complete names',
  description: 'what lets a shell complete commands, options and names',
  arguments: [{ name: 'shell', choices: SHELLS, description: 'the shell that is to read it' }],
  notes: `For bash:  source <(lakemark completion bash)                     in ~/.bashrc
For zsh:   source <(lakemark completion zsh)                      in ~/.zshrc, behind compinit
For fish:  lakemark completion fish > ~/.config/fish/completions/lakemark.fish`,
  example: 'completion bash',
  async run(shell: Shell) {
    const { completionScript } = await import('../completion/shells.ts')
    process.stdout.write(completionScript(shell))
  },
})
