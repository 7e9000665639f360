// Package slurm lends tests a real Slurm of one machine.
//
// [Start] starts the three programs that make one up, munged, slurmctld and
// slurmd, with a configuration, keys, ports and sockets of their own, so that
// several tests may each have one at a time. They are children of a shell that
// waits for its standard input to end, which it does with the test, however the
// test ends; then it cancels what still runs and ends exactly those three.
//
// Its one node, of [CPUs] CPUs, is in two partitions: debug, where jobs go that
// name none, and urgent, whose jobs take the room of debug's. Who loses it so is
// preempted: it is told to stop, as it is when it is cancelled or requeued, has
// ten seconds (KillWait) for that, and is queued again.
//
// In one thing it is unlike others: a job that was requeued begins again after
// seconds, where Slurm has it wait for two minutes.
package slurm
