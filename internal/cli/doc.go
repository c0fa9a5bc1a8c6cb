// Package cli is the command line: one binary that runs the server and talks to one.
//
// The rules of its terminal interface:
//
//   - Results go to standard output, everything else to standard error.
//   - The exit status is 0 when all was done, 1 when something failed, 2 when the command was used wrongly.
//   - An error says what was wrong and the way out, on one line that begins with "linger: ".
//   - Into a pipe or file goes data alone, byte for byte. A terminal gets what helps a person, and never a control
//     character of somebody's message.
//   - Flags may stand before or after other arguments. Each reads a variable too: --ttl reads LINGER_TTL. The flag wins.
//   - Ctrl-C and SIGTERM end every command, in order and within two seconds.
package cli
