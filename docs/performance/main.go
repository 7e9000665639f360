// Command performance measures how the cost of a network grows with its maps,
// the size of its images, its steps, the goroutines that work on it and the
// images that it learns from, and draws what it has measured.
//
//	go run ./docs/performance -out docs
//
// writes performance.csv, and performance-maps.png and its sisters, into
// the folder docs. It takes a few minutes, in which the machine should do
// nothing else. With -draw it draws the numbers of an earlier performance.csv.
package main

import (
	"encoding/csv"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	"firstspike/internal/simd"
)

func main() {
	out := flag.String("out", "docs", "the folder for the numbers and the pictures")
	old := flag.Bool("draw", false, "draw the numbers that are there, without measuring")
	flag.Parse()
	if err := performance(*out, *old); err != nil {
		fmt.Fprintln(os.Stderr, "performance:", err)
		os.Exit(1)
	}
}

func performance(dir string, old bool) error {
	path := filepath.Join(dir, "performance.csv")
	if !old {
		began := time.Now()
		points, err := measure(thorough(), func(what string) {
			fmt.Fprintf(os.Stderr, "%4.0f s  %s\n", time.Since(began).Seconds(), what)
		})
		if err != nil {
			return err
		}
		fmt.Fprintf(os.Stderr, "%4.0f s  done\n", time.Since(began).Seconds())
		if err := writeFile(path, func(w io.Writer) error { return write(w, points) }); err != nil {
			return err
		}
	}
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%w; measure first, without -draw", err)
	}
	if err != nil {
		return err
	}
	defer f.Close()
	points, err := read(f)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return draw(dir, points)
}

func writeFile(path string, write func(io.Writer) error) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := write(f); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

var columns = []string{"picture", "series", "unit", "x", "median", "low", "high"}

// write writes the points as CSV, below a line that says where they come from.
func write(w io.Writer, points []point) error {
	fmt.Fprintf(w, "# %s, %s/%s, SIMD %s, %d processors, %s\n", runtime.Version(), runtime.GOOS, runtime.GOARCH, simd.Name(), processors(), time.Now().UTC().Format(time.DateOnly))
	c := csv.NewWriter(w)
	c.Write(columns)
	for _, p := range points {
		number := func(v float64) string { return strconv.FormatFloat(v, 'g', 4, 64) }
		c.Write([]string{p.picture, p.series, p.unit, strconv.FormatFloat(p.x, 'f', -1, 64), number(p.median), number(p.low), number(p.high)})
	}
	c.Flush()
	return c.Error()
}

// read reads what write wrote.
func read(r io.Reader) ([]point, error) {
	c := csv.NewReader(r)
	c.Comment = '#'
	c.FieldsPerRecord = len(columns)
	rows, err := c.ReadAll()
	if err != nil {
		return nil, err
	}
	var points []point
	for i, row := range rows {
		if i == 0 {
			continue // names of columns
		}
		p := point{picture: row[0], series: row[1], unit: row[2]}
		for k, to := range []*float64{&p.x, &p.median, &p.low, &p.high} {
			if *to, err = strconv.ParseFloat(row[3+k], 64); err != nil || *to <= 0 {
				return nil, fmt.Errorf("point %d: %s %q must be a number above 0", i, columns[3+k], row[3+k])
			}
		}
		points = append(points, p)
	}
	if len(points) == 0 {
		return nil, errors.New("there are no points")
	}
	return points, nil
}
