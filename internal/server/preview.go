package server

import "unicode/utf8"

// cutData shortens data to at most n bytes: at a character where what stays is text, else at the byte.
func cutData(data []byte, n int) []byte {
	if len(data) <= n {
		return data
	}
	cut := n
	for cut > 0 && n-cut < utf8.UTFMax && !utf8.RuneStart(data[cut]) {
		cut--
	}
	if utf8.RuneStart(data[cut]) && utf8.Valid(data[:cut]) {
		return data[:cut:cut]
	}
	return data[:n:n]
}
