package cli

const generalHelp = `Linger is a publish/subscribe broker in which every message says how long the server keeps it.

  linger [serve]                          run the server
  linger pub TOPIC [MESSAGE] [--ttl 30s]  publish a message, or each line of standard input
  linger sub PATTERN...                   print messages as they come
  linger topics                           list the topics
  linger topic NAME [create|set|delete]   show, make, change, delete a topic
  linger messages TOPIC                   list what is retained, with the time left
  linger extend TOPIC SEQ... --ttl D      let messages live D from now
  linger expire TOPIC SEQ...              end messages at once
  linger console [TOPIC]                  a prompt whose lines go to every subscriber
  linger bench [WORKLOAD]                 measure a running server
  linger export [PATTERN...]              write what is retained as JSON lines
  linger import [FILE]                    bring back what was exported, here or elsewhere
  linger backup DIR|FILE.tar              copy the store of a running server
  linger verify DIR                       check a store that no server uses, and repair it
  linger health                           exit status for a container's health check
  linger version                          version, commit, Go

linger COMMAND --help tells more. Every flag reads a variable too: --server reads LINGER_SERVER. Exit status 0: done, 1:
failed, 2: used wrongly.
`
