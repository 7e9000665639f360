package firmware

import (
	"bytes"
	"embed"
	"fmt"
	"strconv"
	"text/template"
)

// A File is one that is to be written.
type File struct {
	Path    string // below the folder, with slashes
	Content []byte
}

//go:embed template
var sources embed.FS

var templates = template.Must(template.ParseFS(sources, "template/*.tmpl"))

// A vector is an image and what the network decides.
type vector struct {
	Decision, RunnerUp, Earlier, Higher int
	Pixels                              string
}

// Files are the files of the network's folder, with test vectors of the given
// images, one at least, of rows x cols bytes each. The same network and images give
// the same bytes.
func (n *Network) Files(images [][]byte) ([]File, error) {
	if len(images) == 0 {
		return nil, fmt.Errorf("no images; the test vectors need one at least")
	}
	predict, err := n.Predictor()
	if err != nil {
		return nil, err
	}
	data := struct {
		plan
		Vectors  []vector
		Pixels   string
		Expected int
	}{plan: n.plan}
	for i, image := range images {
		if len(image) != n.plan.Rows*n.plan.Cols {
			return nil, fmt.Errorf("image %d has %d pixels; the network takes %dx%d", i, len(image), n.plan.Rows, n.plan.Cols)
		}
		d := predict(image)
		var t table
		for _, v := range image {
			t.add(strconv.Itoa(int(v)))
		}
		data.Vectors = append(data.Vectors, vector{d.Class, d.RunnerUp, d.Earlier, d.Higher, t.text()})
	}
	data.Pixels, data.Expected = data.Vectors[0].Pixels, data.Vectors[0].Decision
	var files []File
	for _, f := range []struct{ path, template string }{
		{"src/" + n.name + ".h", "network.h.tmpl"},
		{"src/" + n.name + ".c", "network.c.tmpl"},
		{"test/main.c", "main.c.tmpl"},
		{"test/vectors.h", "vectors.h.tmpl"},
		{"examples/classify/classify.ino", "sketch.ino.tmpl"},
		{"examples/classify/image.h", "image.h.tmpl"},
		{"library.properties", "library.properties.tmpl"},
		{"Makefile", "Makefile.tmpl"},
	} {
		var b bytes.Buffer
		if err := templates.ExecuteTemplate(&b, f.template, &data); err != nil {
			return nil, err
		}
		files = append(files, File{f.path, b.Bytes()})
	}
	return files, nil
}
