package web

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// The sparkline's box: a bar of one unit for each of 60 seconds, and its height.
const (
	sparkBars   = 60
	sparkHeight = 20
)

// sparkline is the path that draws numbers as bars, the newest at the right, the greatest as high as the box. What is not
// zero can be seen. The script draws the same (ts/sparkline.ts).
func sparkline(numbers []uint32) string {
	if len(numbers) == 0 {
		return ""
	}
	numbers = numbers[max(0, len(numbers)-sparkBars):]
	most := slices.Max(numbers)
	var b strings.Builder
	for i, n := range numbers {
		if n == 0 {
			continue
		}
		height := max(1, math.Round(float64(n)/float64(most)*sparkHeight))
		fmt.Fprintf(&b, "M%d.5 %dv-%d", sparkBars-len(numbers)+i, sparkHeight, int(height))
	}
	return b.String()
}

// Rate writes messages a second: "0", "2.0", "10,021".
func Rate(perSecond float64) string {
	switch {
	case perSecond <= 0:
		return "0"
	case perSecond < 0.05:
		return "< 0.1"
	case perSecond >= 100:
		return Count(int64(math.Round(perSecond)))
	}
	return strconv.FormatFloat(perSecond, 'f', 1, 64)
}
