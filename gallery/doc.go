// Package gallery draws what there is to see of a run: what its maps look for,
// the way of an image through the layers, how the training went, and what it
// gets wrong.
//
// Each function takes a run, a model or a result and returns a [figure.Figure],
// which is then written as PNG or SVG, put on a page, or looked at in a test.
package gallery
