package bench

import (
	"math"
	"slices"
	"time"
)

// Spread is what is told of several measurements, in milliseconds.
type Spread struct {
	Count int     `json:"count"`
	P50   float64 `json:"p50"`
	P90   float64 `json:"p90"`
	Min   float64 `json:"min"`
	Max   float64 `json:"max"`
}

// spread summarises durations; of none it is zero.
func spread(durations []time.Duration) Spread {
	if len(durations) == 0 {
		return Spread{}
	}
	sorted := slices.Sorted(slices.Values(durations))
	return Spread{
		Count: len(sorted), P50: milliseconds(percentile(sorted, 50)), P90: milliseconds(percentile(sorted, 90)),
		Min: milliseconds(sorted[0]), Max: milliseconds(sorted[len(sorted)-1]),
	}
}

// percentile interpolates linearly between the two nearest of the sorted durations.
func percentile(sorted []time.Duration, percent float64) time.Duration {
	position := percent / 100 * float64(len(sorted)-1)
	below := int(math.Floor(position))
	above := min(below+1, len(sorted)-1)
	fraction := position - float64(below)
	return sorted[below] + time.Duration(fraction*float64(sorted[above]-sorted[below]))
}

func milliseconds(d time.Duration) float64 {
	return math.Round(float64(d)/float64(time.Millisecond)*10) / 10
}
