//go:build !linux

package pebblelog

import (
	"errors"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// lengthen would give a file space up to the end of a stretch, and that length.
func lengthen(vfs.File, int64, int64) error { return errors.ErrUnsupported }
