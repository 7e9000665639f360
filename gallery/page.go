package gallery

import (
	"bytes"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"

	"firstspike/figure"
)

// A Page is a report of a run as one HTML file that needs nothing else: no
// network, no scripts, no other files.
type Page struct {
	Title      string
	Lead       string   // what came of it, in a sentence
	Facts      []Fact   // in a table
	Departures []string // from the source
	Reported   []string // what others got
	Sections   []Section
	Experiment string   // as TOML
	Commands   []string // that make and test such a run
}

// A Fact is a line of a table.
type Fact struct{ Name, Text string }

// A Section is a heading, words, a list, lines of which each stays as it is, and
// pictures.
type Section struct {
	Heading  string
	Text     string
	List     []string
	Lines    string
	Pictures []figure.Figure
}

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Funcs(template.FuncMap{"picture": picture}).Parse(pageText))

// pageDPI is the resolution of a page's pictures: enough for a screen that
// shows two pixels for one.
const pageDPI = 144

// picture is a figure as an image that is part of the page.
func picture(f figure.Figure) (template.HTML, error) {
	var b bytes.Buffer
	if err := figure.PNG(&b, f, pageDPI); err != nil {
		return "", err
	}
	w, h := f.Size()
	return template.HTML(fmt.Sprintf(`<img alt="%s" width="%.0f" height="%.0f" src="data:image/png;base64,%s">`,
		template.HTMLEscapeString(f.Title()), w.Dots(96), h.Dots(96), base64.StdEncoding.EncodeToString(b.Bytes()))), nil
}

// Write writes the page.
func (p Page) Write(w io.Writer) error {
	var b bytes.Buffer
	if err := page.Execute(&b, p); err != nil {
		return err
	}
	_, err := w.Write(b.Bytes())
	return err
}
