package pebblelog

import "time"

// Hurry has all logs look after themselves more often than they would. Only before the first is opened.
func Hurry() { tendEvery, fenceEvery = 10*time.Millisecond, 30*time.Millisecond }

// Look has the log look after itself now.
func (l *Log) Look() { l.kick <- struct{}{} }
