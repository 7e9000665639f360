package main

import (
	"bytes"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"firstspike/preset"
	"firstspike/study"
)

var (
	word     = rapid.StringMatching(`[a-z0-9|ü"',]([a-z0-9 |ü"',]{0,8}[a-z0-9|ü"',])?`)
	decimal4 = rapid.Map(rapid.IntRange(0, 1_000_000), func(n int) float64 { return float64(n) / 1e4 })
	aPart    = rapid.Custom(func(t *rapid.T) part { return part{word.Draw(t, "part"), decimal4.Draw(t, "value")} })
)

var aRow = rapid.Custom(func(t *rapid.T) row {
	percent := func(n int, what string) []float64 { return rapid.SliceOfN(decimal4, n, n).Draw(t, what) }
	count := func(what string) int { return rapid.IntRange(0, 1<<40).Draw(t, what) }
	r := row{
		Preset: rapid.SampledFrom(preset.Names()).Draw(t, "preset"), File: word.Draw(t, "file"), Data: word.Draw(t, "data"),
		Reported: word.Draw(t, "reported"), ReportedPercent: math.NaN(), Protocol: word.Draw(t, "protocol"),
		Seeds: rapid.SliceOfNDistinct(rapid.Uint64(), 1, 4, rapid.ID).Draw(t, "seeds"), HeldOut: count("held out"), Tested: count("tested"),
		Seconds: decimal4.Draw(t, "seconds"), FromCache: count("from cache"), CachedSeconds: decimal4.Draw(t, "cached"),
		CPU: word.Draw(t, "cpu"), Cores: count("cores"), SIMD: word.Draw(t, "simd"), System: word.Draw(t, "system"), Go: word.Draw(t, "go"),
		Weights: count("weights"), Bytes: count("bytes"), Images: count("images"),
		Spikes: rapid.SliceOfN(aPart, 0, 3).Draw(t, "spikes"), Operations: rapid.SliceOfN(aPart, 0, 3).Draw(t, "operations"),
		Differs: rapid.SliceOfN(word, 0, 3).Draw(t, "differs"), Choices: rapid.SliceOfN(word, 0, 3).Draw(t, "choices"),
	}
	r.Right = percent(len(r.Seeds), "right")
	if rapid.Bool().Draw(t, "tested") {
		r.Best = percent(len(r.Seeds), "best")
		r.ReportedPercent, r.ReportedBy, r.ReportedHow = decimal4.Draw(t, "percent"), word.Draw(t, "by"), word.Draw(t, "how")
	}
	s := study.Summarise(r.Right)
	r.Mean, r.Low, r.High = s.Mean, s.Low, s.High
	r.Command = r.begin()
	if rapid.Bool().Draw(t, "set") {
		r.Command += " --set " + word.Draw(t, "set to")
	}
	return r
})

// What is written is read again, and is written as before; page and picture
// can be made of it.
func TestRows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var rows []row
		for _, r := range rapid.SliceOfN(aRow, 0, 4).Draw(t, "rows") {
			rows = put(rows, r)
		}
		text, err := format(rows)
		if err != nil {
			t.Fatal(err)
		}
		read, err := parse(text)
		if err != nil {
			t.Fatal(err)
		}
		again, err := format(read)
		if err != nil || !bytes.Equal(text, again) {
			t.Fatalf("%s\nbecomes\n%s, %v", text, again, err)
		}
		for _, r := range read {
			i := slices.IndexFunc(rows, func(o row) bool { return o.Command == r.Command })
			if i < 0 || !slices.Equal(rows[i].Differs, r.Differs) || !slices.Equal(rows[i].Spikes, r.Spikes) || rows[i].settings() != r.settings() {
				t.Fatalf("%+v is not among the rows that were written", r)
			}
		}
		if got, want := page(read), page(rows); strings.Count(got, "\n") != strings.Count(want, "\n") || strings.Count(got, "\n| [") != 2*len(rows) {
			t.Fatalf("%s\nand of what was read\n%s", want, got)
		}
		if err := draw(read).Check(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestParseRefuses(t *testing.T) {
	r := rapid.Custom(func(t *rapid.T) row { return aRow.Draw(t, "row") }).Example(1)
	for _, test := range []struct {
		want   string
		change func(*row)
	}{
		{"must begin with", func(r *row) { r.Command = "rm" }},
		{"one for each seed", func(r *row) { r.Right = append(r.Right, 1) }},
		{"of test_percent they are", func(r *row) { r.Mean++ }},
		{"at least one seed", func(r *row) { r.Seeds = nil }},
	} {
		o := r
		test.change(&o)
		text, err := format([]row{o})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parse(text); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v; want %q", err, test.want)
		}
	}
	text, _ := format([]row{r})
	if _, err := parse([]byte("preset,file\n")); err == nil || !strings.Contains(err.Error(), "2 columns; there are") {
		t.Error(err)
	}
	for _, test := range [][3]string{
		{"preset,", "presets,", `"presets"; it must be "preset"`}, {"preset,", "", "wrong number of fields"},
	} {
		if _, err := parse(bytes.Replace(text, []byte(test[0]), []byte(test[1]), 1)); err == nil || !strings.Contains(err.Error(), test[2]) {
			t.Errorf("%v; want %q", err, test[2])
		}
	}
}

func FuzzParse(f *testing.F) {
	text, err := format([]row{aRow.Example(1), aRow.Example(2)})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte("preset\nbars\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		rows, err := parse(text)
		if err != nil {
			return
		}
		again, err := format(rows)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parse(again); err != nil {
			t.Fatalf("%v: what was read is written as\n%s", err, again)
		}
		page(rows)
	})
}

func TestWords(t *testing.T) {
	for seconds, want := range map[float64]string{.26: "0.3 s", 59.4: "59 s", 227.5: "3 min 48 s", 3600: "1 h 0 min", 5399: "1 h 30 min"} {
		if got := took(seconds); got != want {
			t.Errorf("%v seconds: %q; want %q", seconds, got, want)
		}
	}
	for x, want := range map[float64]string{0: "0", 999.4: "999", 999.6: "1,000", 1234567: "1,234,567"} {
		if got := count3(x); got != want {
			t.Errorf("%v: %q; want %q", x, got, want)
		}
	}
	for text, want := range map[string]string{"": "", "--paper": "--paper", "--a b --c d": "--a b …", "longer-than-all of": "longer-than-all …"} {
		if got := begins(text, 8); got != want {
			t.Errorf("%q begins %q; want %q", text, got, want)
		}
	}
	for _, test := range []struct {
		seeds       []uint64
		flag, words string
	}{
		{[]uint64{1}, "1", "seed 1"}, {[]uint64{7}, "7-7", "seed 7"}, {[]uint64{1, 2}, "2", "seeds 1, 2"},
		{[]uint64{4, 5, 6}, "4,5,6", "seeds 4 to 6"}, {[]uint64{1, 5, 3}, "1,5,3", "seeds 1, 5, 3"},
	} {
		if flag, words := seedList(test.seeds), seedNames(test.seeds); flag != test.flag || words != test.words {
			t.Errorf("%v: --seeds %s, %s; want %s, %s", test.seeds, flag, words, test.flag, test.words)
		}
	}
}
