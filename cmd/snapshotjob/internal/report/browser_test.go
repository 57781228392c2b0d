package report_test

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// browserNames are the names by which systems know Chromium.
var browserNames = []string{"chromium", "chromium-browser", "google-chrome"}

// browser returns the path of Chromium. The test is skipped where there is none.
func browser(t *testing.T) string {
	t.Helper()
	for _, name := range browserNames {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("Chromium is not installed: the report is not checked in a browser")
	return ""
}

// serveCheck serves a page, and testdata/check.html, which looks at it in a frame.
func serveCheck(t *testing.T, page string) *httptest.Server {
	t.Helper()
	routes := http.NewServeMux()
	routes.HandleFunc("GET /report.html", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Write([]byte(page))
	})
	routes.Handle("GET /", http.FileServer(http.Dir("testdata")))
	server := httptest.NewServer(routes)
	t.Cleanup(server.Close)
	return server
}

// browse loads a page with Chromium. It returns the document when its scripts have run, and
// what Chromium has logged.
func browse(t *testing.T, url string, flags ...string) (document, log string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	arguments := append([]string{
		"--headless",
		"--no-sandbox", // containers have none
		"--disable-gpu",
		"--disable-dev-shm-usage",
		"--user-data-dir=" + t.TempDir(),
		"--enable-logging=stderr",
		"--virtual-time-budget=10000", // milliseconds, which pass at once
		"--dump-dom",
	}, flags...)
	cmd := exec.CommandContext(ctx, browser(t), append(arguments, url)...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout = &stdout
	cmd.Stderr = &stderr
	require.NoError(t, cmd.Run(), "%s", &stderr)
	return stdout.String(), stderr.String()
}

// element returns the text of an element of a document.
func element(t *testing.T, document, id string) string {
	t.Helper()
	found := regexp.MustCompile(`(?s)<pre id="` + id + `">(.*?)</pre>`).FindStringSubmatch(document)
	require.NotNil(t, found, "%s", document)
	return found[1]
}

// check has Chromium look at a page in a theme. It returns what is wrong with the page.
func check(t *testing.T, page, theme, flag string) string {
	t.Helper()
	document, log := browse(t, serveCheck(t, page).URL+"/check.html", flag)
	assert.Equal(t, theme, element(t, document, "theme"))
	checked, err := strconv.Atoi(element(t, document, "checked"))
	require.NoError(t, err, "the check did not end: %s", log)
	assert.Greater(t, checked, 100)
	assert.NotContains(t, log, "CONSOLE")
	return element(t, document, "problems")
}

func TestPageInABrowser(t *testing.T) {
	assert.Empty(t, check(t, page(t, run()), "light", "--blink-settings=preferredColorScheme=1"))
	assert.Empty(t, check(t, page(t, run()), "dark", "--blink-settings=preferredColorScheme=0"))
}

// The check itself is checked: it finds what is wrong with a page.
func TestCheckFindsProblems(t *testing.T) {
	flawed := page(t, run()) + `<style>
		:root { --quiet: #999999; }
		h1 { width: 30rem; }
	</style>`
	problems := check(t, flawed, "light", "--blink-settings=preferredColorScheme=1")
	assert.Contains(t, problems, "h1 ends at ")
	assert.Contains(t, problems, `the contrast of "jobs" is 2.85`)
}
