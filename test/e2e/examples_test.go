package e2e

import (
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	lingerv1 "linger/proto/linger/v1"
	"linger/test/process"
)

// moduleRoot is where the examples say that they are run from.
const moduleRoot = "../.."

func TestExamplePython(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(moduleRoot, "examples/python")
	stubsAreOf(t, dir, "linger.v1.message_pb2", lingerv1.File_linger_v1_message_proto)
	stubsAreOf(t, dir, "linger.v1.publish_pb2", lingerv1.File_linger_v1_publish_proto)
	stubsAreOf(t, dir, "linger.v1.subscribe_pb2", lingerv1.File_linger_v1_subscribe_proto)

	s := startServer(t)
	c := startChild(t, python(t, dir, "pubsub.py", s.GRPC))
	c.says("published #1, kept until ")
	c.says("left: Hello from Python\n")
	s.publish("hello", 90*time.Second, "from somebody else")
	c.says("s left: from somebody else\n")
}

func TestExampleGo(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	c := startChild(t, exec.Command(buildExample(t, "go"), s.GRPC))
	c.says("published #1, kept until ")
	c.says("left: Hello from Go\n")
	s.publish("hello", time.Minute, "from somebody else")
	c.says("s left: from somebody else\n")
}

func buildExample(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "example-"+name)
	if out, err := exec.Command("go", "build", "-o", path, "linger/examples/"+name).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return path
}

var exampleOrigin = regexp.MustCompile(`Open (http://localhost:\d+);`)

// serveExample serves the example's page from an origin of its own.
func serveExample(t *testing.T) (origin string) {
	t.Helper()
	cmd := exec.Command(buildExample(t, "browser"), "-listen", "localhost:0")
	cmd.Dir = moduleRoot
	c := startChild(t, cmd)
	c.says("\n")
	m := exampleOrigin.FindStringSubmatch(c.out.String())
	if m == nil {
		t.Fatalf("the example does not say where it serves: %s", c.out)
	}
	return m[1]
}

func TestExampleBrowser(t *testing.T) {
	t.Parallel()
	tsc := exec.Command("node_modules/.bin/tsc", "-p", "examples/browser")
	tsc.Dir = moduleRoot
	if out, err := tsc.CombinedOutput(); err != nil {
		t.Fatalf("the types of main.ts (without tsc: make setup): %v\n%s", err, out)
	}
	origin := serveExample(t)

	s := startServer(t, "--allow-origin", origin)
	page := newPerson(t).open(origin + "/?server=" + s.URL(""))
	page.shows("published #1")
	page.shows("s left: Hello from the browser")
	s.publish("hello", time.Minute, "from somebody else")
	page.shows("s left: from somebody else")
}

func TestExampleBrowserIsRefusedUnlessItsOriginIsAllowed(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	page := newPerson(t).blank()
	page.tolerate() // the browser complains, too
	page.load(serveExample(t) + "/?server=" + s.URL(""))
	page.shows("Failed to fetch")
	if got := s.linger("topics"); strings.Contains(got, "hello") {
		t.Errorf("the page of another site published:\n%s", got)
	}
}

// shows waits until the page shows a text.
func (b *tab) shows(text string) {
	b.t.Helper()
	process.Eventually(b.t, patience, func() error {
		shown, err := tryEval[string](b, "document.body.innerText")
		if err != nil {
			return err
		}
		if !strings.Contains(shown, text) {
			return errors.Join(fmt.Errorf("the page does not show %q", text), fmt.Errorf("it shows %q", shown))
		}
		return nil
	})
}
