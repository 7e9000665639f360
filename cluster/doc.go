// Package cluster turns a plan of tasks into what a cluster runs: a Slurm job
// array, or an Indexed Job of Kubernetes. Whoever has a Slurm or a Kubernetes
// has queues, limits, fair shares and accounts there; this package brings none
// of its own, it only writes what those read and hands it over. It knows
// nothing of networks: a plan is argument lists and numbers.
//
// # A plan
//
// A [Plan] is a program, and stages in which it is started. A [Stage] is one
// list of arguments that is used Count times; the tasks differ in their index,
// 0 to Count-1, which stands where the arguments have [Index]:
//
//	firstspike sweep run sweep.toml --stage points --index {index} --workers {cpus}
//
// A final task may follow, which gathers what the others left in the plan's
// folder. [Write] writes a plan for an [Engine] into that folder, where people
// can read it before it goes, and Submit submits it:
//
//	path, err := cluster.Write(plan.Dir, plan, engine)
//	ids, err := engine.Submit(ctx, path)
//
// # What is asked of the program
//
// It may be started twice with one index, and the second time goes on from what
// the first has saved. On SIGTERM it saves within the plan's grace, and exits
// with status 130. Then nothing that a cluster does to a task loses work: time
// limits, preemption, nodes that are drained or fail. A task that fails for good
// does not hold up the others, nor the next stage; that it failed, the final task
// has to say.
//
// # Slurm
//
// [Slurm] makes a batch script of each stage, slurm/1-NAME.sbatch and so on, and
// slurm/submit.sh, which submits them, each to begin when the one before has
// ended (afterany). If one is not taken, those before it are cancelled. What the
// tasks print lies in logs, a file for each, which later starts append to.
//
// A script asks Slurm to be told when time is nearly over. Slurm tells the shell
// alone, which tells the program, and when that has exited with 130, requeues its
// own task: a long task is done in several pieces, with two minutes between
// them, which Slurm insists on. It does so only while the state of its job is
// RUNNING. That of a job that was cancelled, requeued or preempted is COMPLETING
// from before its processes hear of it, and whether it comes again is Slurm's to
// say. All of these send SIGTERM to the program itself, and leave it not the
// plan's grace but the cluster's KillWait, half a minute as a rule.
//
// An array has at most MaxArraySize tasks, 1001 unless the cluster says
// otherwise ([MaxArray] asks). If a stage has more indices, a task has several,
// and [Index] stands for a range, such as 6-8.
//
// # Kubernetes
//
// [Kubernetes] makes one manifest: a volume that all tasks write into, mounted
// under the plan's folder; a ConfigMap with what they read beside it, so that
// nothing needs to be copied there before; and a Job for each stage and for the
// final task. Failures are counted for each index by itself, those that a
// disruption caused and those with status 130 not at all. Tasks run without
// privileges, as user 65532, on a file system of which they can write the
// volume and /tmp.
//
// Kubernetes knows no order among Jobs. All begin at once, so the program has to
// wait by itself for what another task is making, and the final one for all of
// them. It must not wait for what no task has begun, but do it: those that wait may
// have all the room there is, and those that were killed too often do not begin
// again.
package cluster
