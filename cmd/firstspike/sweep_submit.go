package main

type sweepSubmitCommand struct{ sweepFile }

func (c *sweepSubmitCommand) Run(s *streams) error { return nil }
