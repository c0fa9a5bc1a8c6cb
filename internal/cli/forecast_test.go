package cli

import (
	"testing"
	"time"

	"linger/client"
)

func TestForecastInWords(t *testing.T) {
	second := client.ForecastInterval{Within: time.Second, Messages: 2}
	hour := client.ForecastInterval{After: 50 * time.Minute, Within: time.Hour, Messages: 1000}
	later := client.ForecastInterval{After: 7 * 24 * time.Hour, Messages: 3}
	for want, intervals := range map[string][]client.ForecastInterval{
		"-":                             {},
		"2 within 1s":                   {second},
		"2 within 1s, 1,002 within 1h":  {second, hour},
		"1,000 within 1h, 1,003 in all": {hour, later},
		"3 in all":                      {later},
		"4 within 1s":                   {second, second},
	} {
		if got := formatForecast(intervals); got != want {
			t.Errorf("%+v: %q, want %q", intervals, got, want)
		}
	}
}
