package cli

import "io"

// Unpack makes a new directory of an archive.
func Unpack(dir string, archive io.Reader) error {
	return (&dirTarget{path: dir, made: true}).take(archive)
}
