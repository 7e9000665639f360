// Package figure draws pictures of plain data: what a network has learned, when its neurons fire, how a training went and how
// experiments compare. It knows numbers and words. Networks, runs and files are the business of those who call it.
//
// # Figures
//
// Each kind of picture is a struct whose fields are the data and the words beside them. All of them are a [Figure], which is
// written by [PNG] or [SVG], or drawn among others on any canvas of gonum.org/v1/plot/vg.
//
//   - [Sheet]: many small images side by side, in groups, coloured by a scale that is explained.
//   - [Raster]: the first spikes of layers, a dot for each, and how many there were at each step.
//   - [Latency]: the step of each neuron's first spike, map by map.
//   - [Curves]: series over epochs, in panels, each named at its end, with bands, references and marked values.
//   - [Confusion]: how often images of each label got each decision, or none.
//   - [Histograms]: how values are spread, epoch by epoch.
//   - [Intervals]: a mean, an interval and single runs for each experiment.
//   - [Traces]: potentials of neurons, their thresholds and their spikes.
//   - [Parallel]: the points of a sweep as lines across an axis for each setting that was varied, and one for the result.
//   - [Effects]: the result of a sweep against each setting by itself, in panels.
//   - [Heat]: a result for each pair of values of two settings, and a matrix for each value of a third.
//
// The zero value of each is a figure: it says that there is nothing to show. So does a layer in which nothing fired.
//
// # Size
//
// A figure is as wide as asked for, or 525 points, which are 700 pixels of a page, and as high as its data need: text never gets
// smaller than can be read, and no two texts overlap. Where there is no room for all of them, as with the names of 300 classes,
// round ones stay; where a text is too long for its place, its end becomes an ellipsis.
//
// # Colours
//
// The colours of series are those of Okabe and Ito, which every kind of eye tells apart; names stand at their ends, because a
// grey print tells nothing apart. [Sequential] and the scale of steps keep their order in grey. [Diverging] cannot: its ends are
// equally dark.
//
// # What cannot be drawn
//
// Check, and with it PNG and SVG, returns an error for data that contradict themselves, such as 9 values for an image of 3 x 4
// pixels, for more than a picture can show, such as 400 curves in a panel, and for places that are not finite. Values that are
// not finite are no errors, because a training that diverges has them and is to be looked at: a curve has a gap there, a cell is
// blank, an interval is left out, and so is a point of a sweep. The fields say which it is. A number beyond 1e100 counts as infinite. Draw, which returns no
// error, writes a fault into the picture.
//
// # Files
//
// The same data give the same bytes, on the same kind of machine. An SVG file has its text as text, in the font Go or what comes
// nearest, as wide as it is laid out whichever that is; images in it are embedded as PNG, with a pixel for each of theirs. Text is
// cleaned of what has no picture: a heading can hold any string. The font has Latin, Greek and Cyrillic letters; a PNG shows
// others as boxes.
package figure
