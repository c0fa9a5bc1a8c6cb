package main

import (
	"testing"

	"github.com/evanw/esbuild/pkg/api"
)

func TestMapsNameNoPlaceOnThisMachine(t *testing.T) {
	for content, ok := range map[string]bool{
		`{"sources":["../../web/ts/main.ts","../../node_modules/a/b.js"]}`: true,
		`{"sources":["/home/someone/linger/web/ts/main.ts"]}`:              false,
		`{"sources":["file:///home/someone/main.ts"]}`:                     false,
		`{"sourceRoot":"/home/someone","sources":["main.ts"]}`:             false,
		`{"sources":["../../../elsewhere/linger/web/ts/main.ts"]}`:         false,
		`{`: false,
	} {
		err := checkMaps([]api.OutputFile{{Path: "main.js.map", Contents: []byte(content)}})
		if (err == nil) != ok {
			t.Errorf("checkMaps(%s) = %v", content, err)
		}
	}
}
