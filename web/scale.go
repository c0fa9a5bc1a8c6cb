package web

import (
	"math"
	"slices"
	"strconv"
	"time"
)

// stops are the 48 lifetimes of the slider, equally spaced on the axis: each is one a person would say. The same numbers
// stand in ts/scale.ts; a test compares them.
var stops = makeStops()

// Stops are the lifetimes between which the axis is linear, from 0 to 7 d: what a page shows of the future is told between
// them.
func Stops() []time.Duration { return slices.Clone(stops) }

// lastStop is the index of the axis' right end, 7 d.
const lastStop = 47

func makeStops() []time.Duration {
	s := []time.Duration{0}
	sixty := []time.Duration{1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50}
	for _, n := range sixty {
		s = append(s, n*time.Second)
	}
	for _, n := range sixty {
		s = append(s, n*time.Minute)
	}
	for _, n := range []time.Duration{1, 2, 3, 4, 5, 6, 8, 10, 12, 18} {
		s = append(s, n*time.Hour)
	}
	for n := time.Duration(1); n <= 7; n++ {
		s = append(s, n*day)
	}
	return s
}

// axisPosition is where a time stands on the axis: 0 at now, 1 at 7 d and beyond. Between two stops it is linear, so that
// a dying line moves at a constant speed there.
func axisPosition(d time.Duration) float64 {
	if d <= 0 {
		return 0
	}
	if d >= stops[lastStop] {
		return 1
	}
	below := stopAtOrBelow(d)
	share := float64(d-stops[below]) / float64(stops[below+1]-stops[below])
	return (float64(below) + share) / lastStop
}

// stopAtOrBelow is the last stop that is not above d, which is not negative.
func stopAtOrBelow(d time.Duration) int {
	i := lastStop
	for stops[i] > d {
		i--
	}
	return i
}

// nearestStop is the stop whose place on the axis is nearest.
func nearestStop(d time.Duration) int {
	return int(math.Round(axisPosition(d) * lastStop))
}

// axisPercent writes a share of the axis as an SVG length. A thousandth of a percent is less than a hundredth of a pixel.
func axisPercent(share float64) string {
	return strconv.FormatFloat(math.Round(share*1e5)/1e3, 'f', -1, 64) + "%"
}

// presets are the stops that bear a label. Wide ones do not fit on a phone's axis.
var presets = []preset{
	{0, false}, {5, true}, {8, false}, {13, true}, {16, false}, {23, true}, {31, false}, {36, true}, {41, false}, {47, false},
}

type preset struct {
	stop int
	wide bool
}
