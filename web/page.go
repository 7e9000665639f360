package web

import "embed"

// dist is the page, as its build made it.
//
//go:embed all:dist
var dist embed.FS
