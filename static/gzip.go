package static

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// zipped are the files that have been asked for compressed: name to bytes. A file is compressed once, when it is first asked for.
var zipped sync.Map

// TakesGzip says that whoever asks understands gzip.
func TakesGzip(r *http.Request) bool {
	for _, header := range r.Header.Values("Accept-Encoding") {
		for coding := range strings.SplitSeq(header, ",") {
			name, parameters, _ := strings.Cut(coding, ";")
			if !strings.EqualFold(strings.TrimSpace(name), "gzip") {
				continue
			}
			q, weighted := strings.CutPrefix(strings.TrimSpace(parameters), "q=")
			weight, err := strconv.ParseFloat(q, 64)
			return !weighted || err == nil && weight > 0
		}
	}
	return false
}

// Gzip compresses at a level of compress/gzip.
func Gzip(data []byte, level int) []byte {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, level)
	if err != nil {
		panic(err) // the level is a constant of ours
	}
	_, _ = w.Write(data) // a buffer takes everything
	_ = w.Close()
	return b.Bytes()
}

// zip is a file compressed as far as gzip can.
func zip(name string, data []byte) []byte {
	if z, ok := zipped.Load(name); ok {
		return z.([]byte)
	}
	z, _ := zipped.LoadOrStore(name, Gzip(data, gzip.BestCompression))
	return z.([]byte)
}
