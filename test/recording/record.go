package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

const (
	// quiet is how long the empty page is shown, length how long all of it takes.
	quiet  = time.Second
	length = 15 * time.Second
	// step is between two pictures of the recording: ten a second.
	step = 100 * time.Millisecond
	// most is what the recording may take, in bytes.
	most = 3_000_000
)

// frame is a picture of the page, from `at` on.
type frame struct {
	at   time.Time
	data []byte
}

// record presses the demo on an empty server and keeps what is then to be seen.
func record(tab context.Context, program, scratch, path string) error {
	s, err := startServer(tab, program, scratch)
	if err != nil {
		return err
	}
	defer s.stop()
	if err := dark(tab, false); err != nil {
		return err
	}
	if err := chromedp.Do(tab, chromedp.Navigate(s.dashboard)); err != nil {
		return err
	}
	if err := live(tab); err != nil {
		return err
	}
	begun := time.Now()
	frames, err := film(tab, func() error { return act(tab, begun) })
	if err != nil {
		return err
	}
	return encode(frames, begun, scratch, path)
}

// act is what happens in the recording: somebody plays the demo, and late in it looks ahead.
func act(tab context.Context, begun time.Time) error {
	time.Sleep(time.Until(begun.Add(quiet)))
	if _, err := chromedp.Run(tab, chromedp.Evaluate[any](`document.querySelector("button.play-demo").click()`)); err != nil {
		return err
	}
	time.Sleep(time.Until(begun.Add(length - 4*time.Second)))
	strip, err := chromedp.Run(tab, chromedp.Evaluate[struct{ Left, Top, Width float64 }](
		`(({ left: Left, top: Top, width: Width }) => ({ Left, Top, Width }))(document.querySelector("#ahead").getBoundingClientRect())`))
	if err != nil {
		return err
	}
	// From "now" to a minute from now.
	const moves = 24
	for i := range moves {
		x := strip.Left + strip.Width*0.36*float64(i)/moves
		if err := chromedp.Do(tab, chromedp.MouseEvent(chromedp.MouseMoved, x, strip.Top+30)); err != nil {
			return err
		}
		time.Sleep(3 * time.Second / moves)
	}
	time.Sleep(time.Until(begun.Add(length)))
	return nil
}

// film keeps what the browser draws while something happens.
func film(tab context.Context, happens func() error) ([]frame, error) {
	var mu sync.Mutex
	var frames []frame
	err := chromedp.Listen(tab, func(event any) {
		e, ok := event.(*page.EventScreencastFrame)
		if !ok {
			return
		}
		mu.Lock()
		frames = append(frames, frame{time.Now(), e.Data})
		mu.Unlock()
		go func() { // ends with the answer; a handler must not wait for one
			_, _ = chromedp.Call(tab, page.ScreencastFrameAck, page.ScreencastFrameAckParams{SessionID: e.SessionID})
		}()
	})
	if err != nil {
		return nil, err
	}
	begin := page.StartScreencastParams{Format: page.StartScreencastFormatPng, MaxWidth: width, MaxHeight: height, EveryNthFrame: 1}
	if _, err := chromedp.Call(tab, page.StartScreencast, begin); err != nil {
		return nil, err
	}
	if err := happens(); err != nil {
		return nil, err
	}
	if _, err := chromedp.Call(tab, page.StopScreencast, cdp.Empty{}); err != nil {
		return nil, err
	}
	mu.Lock()
	defer mu.Unlock()
	return frames, nil
}

// encode writes an animated WebP of one picture each step; a picture that stands longer is written once. Without loss: what
// is lost of one picture would stay in those that follow.
func encode(frames []frame, begun time.Time, scratch, path string) error {
	args := []string{"-loop", "0", "-kmax", "1000"}
	const argsBefore, argsEach = 4, 8
	last, stands := -1, time.Duration(0)
	flush := func() error {
		if last < 0 {
			return nil
		}
		file := filepath.Join(scratch, strconv.Itoa(last)+".png")
		args = append(args, "-d", strconv.FormatInt(stands.Milliseconds(), 10), "-lossless", "-m", "3", "-q", "40", file)
		return os.WriteFile(file, frames[last].data, 0o644)
	}
	for at := time.Duration(0); at < length; at += step {
		shown := last
		for shown+1 < len(frames) && frames[shown+1].at.Sub(begun) <= at {
			shown++
		}
		if shown < 0 {
			continue
		}
		if shown != last {
			if err := flush(); err != nil {
				return err
			}
			last, stands = shown, 0
		}
		stands += step
	}
	if err := flush(); err != nil {
		return err
	}
	out, err := exec.Command("img2webp", append(args, "-o", path)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("img2webp: %w: %s", err, out)
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	pictures := (len(args) - argsBefore) / argsEach
	fmt.Printf("%s: %d pictures of %d that the browser drew, %d kB\n", path, pictures, len(frames), info.Size()/1000)
	if least := int(length/time.Second) * 8; pictures < least {
		return fmt.Errorf("%s has %d pictures; eight a second, %d, are wanted: is the machine busy?", path, pictures, least)
	}
	if info.Size() > most {
		return fmt.Errorf("%s has %d bytes; at most %d are wanted", path, info.Size(), most)
	}
	return nil
}
