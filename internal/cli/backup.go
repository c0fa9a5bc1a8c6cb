package cli

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/pflag"

	"linger/client"
	"linger/internal/jsonline"
)

const backupHelp = `linger backup DIR|FILE.tar|- [flags]

Copies the store of a running server as it stands at this moment, into a directory that is new or empty, a tar file that does
not exist yet, or standard output. All that was acknowledged before is in it. The server goes on meanwhile and writes the
copy nowhere: it comes over the connection, and its checksum is compared at the end. What is not whole is removed.

  --json         what was copied, as one object
  --server ADDR  the server (default localhost:50074)

The copy is another store: linger serve --store file:DIR serves it, and who resumes there is told so by a reset. Topics that
are kept in memory come without their messages. A server that keeps nothing on disk (--store memory:) has nothing to copy;
linger export reads what it retains.

  linger backup /backups/linger-2026-11-22
  linger backup linger.tar
  linger backup - | ssh elsewhere 'cat > linger.tar'
`

func newBackup(flags *pflag.FlagSet) func(context.Context, *app, []string) error {
	asJSON := flags.Bool("json", false, "")
	return func(ctx context.Context, a *app, args []string) error {
		switch {
		case len(args) != 1 || args[0] == "":
			return usage("backup takes one directory, tar file, or - for standard output; see linger backup --help")
		case args[0] == "-" && isTerminal(a.Stdout):
			return usage("backup - writes an archive to standard output, which is a terminal; redirect it, or name a directory")
		case args[0] == "-" && *asJSON:
			return usage("--json does not go with -: standard output has the archive")
		}
		return a.backup(ctx, args[0], *asJSON)
	}
}

func (a *app) backup(ctx context.Context, to string, asJSON bool) error {
	c, err := a.dial()
	if err != nil {
		return err
	}
	target, err := newTarget(to, a.Stdout)
	if err != nil {
		return err
	}
	begun := time.Now()
	b, err := c.Backup(ctx)
	if err != nil {
		return explainBackup(ctx, err)
	}
	defer func() { _ = b.Close() }() // cannot fail
	if err := a.copyBackup(b, target); err != nil {
		return explainBackup(ctx, err)
	}
	sum := hex.EncodeToString(b.SHA256())
	switch {
	case asJSON:
		return newJSON(a.Stdout, isTerminal(a.Stdout)).Encode(jsonBackup{
			Path: to, Store: b.Store, ServerTime: jsonline.Time(b.ServerTime), Bytes: b.Size, SHA256: sum,
		})
	case to == "-":
		a.note("%s as of %s, sha256 %s", formatSize(uint64(b.Size)), jsonline.Time(b.ServerTime), sum)
		return nil
	}
	_, err = fmt.Fprintf(a.Stdout, "%s: %s as of %s, in %s\n", to, formatSize(uint64(b.Size)), jsonline.Time(b.ServerTime), time.Since(begun).Round(time.Millisecond))
	return err
}

// copyBackup brings the archive to its target, with a bar on a terminal.
func (a *app) copyBackup(b *client.Backup, target target) error {
	counted := &countingReader{r: b}
	begun := time.Now()
	bar := a.startProgress(func(width int) string {
		n := counted.n.Load()
		return barLine(width, n, b.Size, "copied", formatSize(rate(int(n), time.Since(begun)))+" a second")
	})
	defer bar.stop()
	return target.take(counted)
}

func explainBackup(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return errors.New("interrupted; nothing is left of the copy")
	}
	return err
}

// jsonBackup is a backup as --json writes it.
type jsonBackup struct {
	Path       string `json:"path"`
	Store      string `json:"store"` // that was copied
	ServerTime string `json:"server_time"`
	Bytes      int64  `json:"bytes"` // of the archive
	SHA256     string `json:"sha256"`
}
