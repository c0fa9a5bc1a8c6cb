package pebblelog

import "time"

// Hurry has all logs look after themselves more often than they would, and cut blocks small, so that few messages do what
// many would. Only before the first is opened.
func Hurry() {
	tendEvery, fenceEvery = 10*time.Millisecond, 30*time.Millisecond
	blockBytes, sparseBytes = 16<<10, 2<<10
}

// Look has the log look after itself now.
func (l *Log) Look() { l.kick <- struct{}{} }

// Stored is the size of all records that are on disk.
func (l *Log) Stored() int64 {
	all, _ := l.space.used()
	return all
}

// Policies is how many policies are on disk that replaced others.
func (l *Log) Policies() (n int) {
	_ = eachOf(l.db, spaceTopics, func(k, _ []byte) error {
		if len(k) > 9 {
			n++
		}
		return nil
	})
	return n
}
