// Package web shows networks in a browser: watch them learn, draw a digit, step
// through the spikes, ask why, follow a sweep. One page does all of it; it is inside the
// program, and needs no network.
//
// A [Server] serves the page for folders of runs and sweeps, finished or in
// training:
//
//	s := web.New([]string{"runs"}, web.Options{})
//	err := s.Serve(ctx, listener)
//
// # What is asked
//
// The page asks in questions of package lab: each carries the settings and the
// lessons that it is about, so that the server remembers nothing of anybody. A
// lab is taken from a few that are there for a run, is brought into the state
// that the question is about, and answers. [Answer] is the same for a program
// that has a single network and lab; the engine in the page (web/engine) answers in
// this way too, but cannot import a package that brings it along.
//
// # What is live
//
// A run that this process trains is watched with [Server.Watch]: its observer
// takes notes, and does nothing else, so that training is not held up. Runs that
// other processes train are looked at in their folders, once a second, and only
// while somebody watches. All of it goes to the pages as server-sent events; a
// page that is too slow for them misses what is out of date anyway.
//
// Of a sweep only a version is told, which changes with its folder. A page that
// shows the sweep then asks what has come of it, and no more often than looking
// costs a twentieth of a processor. Its plan, for which images are opened, is made
// once, beside whoever asks, until the sweep's file changes.
//
// # Who may ask
//
// [Server.Handler] answers no request that a page of another site sends, nor one
// that has come by a loopback address but not under a name of this machine: a
// site may give its own name any address. What is read from a request is
// bounded, and so is what is done at the same time; who has to wait for too long
// is asked to come again. Runs and sweeps have names in addresses that the
// server has given them, so that no path comes from a request. Nothing that is
// asked changes a run.
package web
