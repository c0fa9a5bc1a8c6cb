package cli

import (
	"bufio"
	"errors"
	"io"
)

// errLineTooLong is returned by lineReader for a line beyond the limit; the reader is at the next line then.
var errLineTooLong = errors.New("line too long")

// lineReader reads lines of any bytes up to a limit, without allocating for those that fit its buffer.
type lineReader struct {
	r     *bufio.Reader
	limit int
	line  []byte // of a line that does not fit r's buffer
}

func newLineReader(r io.Reader, limit int) *lineReader {
	return &lineReader{r: bufio.NewReaderSize(r, 256<<10), limit: limit}
}

// next returns the next line without its newline, valid until the next call. What follows the last newline is a line
// unless it is empty. The error is io.EOF, errLineTooLong or the input's.
func (l *lineReader) next() ([]byte, error) {
	chunk, err := l.r.ReadSlice('\n')
	if err == nil {
		return l.check(chunk[:len(chunk)-1])
	}
	l.line = append(l.line[:0], chunk...)
	tooLong := false
	for errors.Is(err, bufio.ErrBufferFull) {
		chunk, err = l.r.ReadSlice('\n')
		if tooLong = tooLong || len(l.line)+len(chunk) > l.limit+1; !tooLong {
			l.line = append(l.line, chunk...)
		}
	}
	switch {
	case err != nil && (!errors.Is(err, io.EOF) || len(l.line) == 0):
		return nil, err
	case tooLong:
		return nil, errLineTooLong
	case err == nil:
		l.line = l.line[:len(l.line)-1]
	}
	return l.check(l.line)
}

func (l *lineReader) check(line []byte) ([]byte, error) {
	if len(line) > l.limit {
		return nil, errLineTooLong
	}
	return line, nil
}
