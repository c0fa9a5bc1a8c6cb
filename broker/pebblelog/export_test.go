package pebblelog

// Look has the log make room and state its fence now.
func (l *Log) Look() { l.kick <- struct{}{} }
