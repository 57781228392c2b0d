// Package docs_test has the code of the guides in this folder, and runs it.
package docs_test

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// codeComment is the line above a block of Go in a guide. It names the file that has the code, from the root of
// the repository.
var codeComment = regexp.MustCompile(`^<!-- code of (\S+\.go) -->$`)

// link is a link in a page to a file of the repository, to a heading, or to a heading of a file.
var link = regexp.MustCompile(`\]\(([^):#]*)(?:#([^)]*))?\)`)

// heading is a heading of a page.
var heading = regexp.MustCompile(`(?m)^#+ (.*)$`)

// notInAnchor is what the anchor of a heading leaves out.
var notInAnchor = regexp.MustCompile(`[^\w\- ]`)

// block is a block of code in a guide.
type block struct {
	guide    string // the path of the guide
	language string
	source   string // the file that has the code; empty if the line above names none
	lines    []string
}

// guidePaths returns the paths of the guides and of the README.
func guidePaths(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob("*.md")
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	return append(paths, filepath.Join("..", "README.md"))
}

// readLines returns the lines of a file.
func readLines(t *testing.T, path string) []string {
	t.Helper()
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	return strings.Split(string(content), "\n")
}

// readBlocks returns the blocks of code in a guide.
func readBlocks(t *testing.T, path string) []block {
	t.Helper()
	const fence = "```"
	var blocks []block
	above := ""
	inside := false
	for _, line := range readLines(t, path) {
		switch {
		case inside && line == fence:
			inside = false
		case inside:
			last := &blocks[len(blocks)-1]
			last.lines = append(last.lines, line)
		case strings.HasPrefix(line, fence):
			inside = true
			blocks = append(blocks, newBlock(path, strings.TrimPrefix(line, fence), above))
		}
		above = line
	}
	require.False(t, inside, "%s: the last block of code has no end", path)
	return blocks
}

// newBlock returns a block without lines. The line above it may name the file that has the code.
func newBlock(guide, language, above string) block {
	b := block{guide: guide, language: language}
	if match := codeComment.FindStringSubmatch(above); match != nil {
		b.source = match[1]
	}
	return b
}

// isPartOf reports whether a file has the lines of the block, one after the other. In the file they may be
// indented more.
func (b block) isPartOf(file string) bool {
	const deepest = 4
	for depth := range deepest {
		var text strings.Builder
		for _, line := range b.lines {
			if line != "" {
				text.WriteString(strings.Repeat("\t", depth))
			}
			text.WriteString(line + "\n")
		}
		if strings.Contains("\n"+file, "\n"+text.String()) {
			return true
		}
	}
	return false
}

// Every block of Go in a guide is a part of a file that is compiled and run by the tests of its module.
func TestCodeOfGuidesIsRun(t *testing.T) {
	for _, path := range guidePaths(t) {
		for _, b := range readBlocks(t, path) {
			if b.language != "go" {
				continue
			}
			start := strings.Join(b.lines[:min(len(b.lines), 2)], "\n")
			require.NotEmpty(t, b.source, "%s: the line above this block names no file: %s", path, start)
			file, err := os.ReadFile(filepath.Join("..", filepath.FromSlash(b.source)))
			require.NoError(t, err)
			assert.True(t, b.isPartOf(string(file)), "%s: this block is not in %s: %s", path, b.source, start)
		}
	}
}

// A guide without code that is run can grow old unseen.
func TestEveryGuideHasCode(t *testing.T) {
	for _, path := range guidePaths(t) {
		languages := map[string]bool{}
		for _, b := range readBlocks(t, path) {
			languages[b.language] = true
		}
		assert.True(t, languages["go"], "%s has no code", path)
	}
}

// repository has the files of the repository.
var repository = os.DirFS("..")

// readPages returns the text of every page of the repository, by its path.
func readPages(t *testing.T) map[string]string {
	t.Helper()
	pages := map[string]string{}
	err := fs.WalkDir(repository, ".", func(file string, _ fs.DirEntry, err error) error {
		if err != nil || path.Ext(file) != ".md" {
			return err
		}
		content, err := fs.ReadFile(repository, file)
		pages[file] = string(content)
		return err
	})
	require.NoError(t, err)
	require.Contains(t, pages, "README.md")
	return pages
}

// anchorsOf returns the anchors of a page, as GitHub makes them of its headings.
func anchorsOf(page string) []string {
	var anchors []string
	for _, match := range heading.FindAllStringSubmatch(page, -1) {
		words := notInAnchor.ReplaceAllString(strings.ToLower(match[1]), "")
		anchors = append(anchors, strings.ReplaceAll(words, " ", "-"))
	}
	return anchors
}

func TestLinksOfPages(t *testing.T) {
	pages := readPages(t)
	for file, page := range pages {
		for _, match := range link.FindAllStringSubmatch(page, -1) {
			target := file
			if match[1] != "" {
				target = path.Join(path.Dir(file), match[1])
			}
			_, err := fs.Stat(repository, target)
			require.NoError(t, err, "%s links to it", file)
			if match[2] != "" {
				assert.Contains(t, anchorsOf(pages[target]), match[2], "%s links to it", file)
			}
		}
	}
}

func TestReadmeLinksEveryGuide(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join("..", "README.md"))
	require.NoError(t, err)
	guides, err := filepath.Glob("*.md")
	require.NoError(t, err)
	for _, path := range guides {
		isLinked := strings.Contains(string(readme), "(docs/"+path+")")
		assert.True(t, isLinked, "README.md has no link to docs/%s", path)
	}
}
