package cluster_test

import (
	"fmt"
	"strings"
	"time"

	"firstspike/cluster"
)

var plan = cluster.Plan{
	Name:    "rates",
	Dir:     "/home/me/rates",
	Program: []string{"/opt/firstspike"},
	Stages: []cluster.Stage{
		{Name: "shared", Args: []string{"sweep", "run", "my sweep.toml", "--stage", "shared", "--index", cluster.Index}, Count: 2},
		{Name: "points", Args: []string{"sweep", "run", "my sweep.toml", "--stage", "points", "--index", cluster.Index, "--workers", cluster.CPUs}, Count: 3000},
	},
	Final:  []string{"sweep", "merge", "my sweep.toml"},
	CPUs:   4,
	Memory: 2 << 30,
	Most:   20,
}

// What Slurm is given: a batch script for each stage, and the script that
// submits them.
func ExampleSlurm() {
	files, err := cluster.Slurm{Time: 4 * time.Hour, Options: []string{"--partition=long"}}.Files(plan)
	if err != nil {
		panic(err)
	}
	for _, f := range files {
		fmt.Println(f.Name)
	}
	fmt.Printf("\n%s", files[1].Text)
	// Output:
	// slurm/1-shared.sbatch
	// slurm/2-points.sbatch
	// slurm/3-final.sbatch
	// slurm/submit.sh
	//
	// #!/bin/bash
	// # rates, stage 2 of 2: points
	// #SBATCH --job-name="rates 2-points"
	// #SBATCH --chdir=/home/me/rates
	// #SBATCH --output=logs/2-points-%A_%a.log
	// #SBATCH --open-mode=append
	// #SBATCH --array=0-999%20
	// #SBATCH --cpus-per-task=4
	// #SBATCH --mem=2048M
	// #SBATCH --time=0-04:00:00
	// #SBATCH --requeue
	// #SBATCH --signal=B:USR1@60
	// #SBATCH --partition=long
	//
	// job=${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID
	// # 3000 indices are more than an array may have: a task has 3 of them.
	// first=$((SLURM_ARRAY_TASK_ID * 3))
	// last=$((first + 3 - 1))
	// [ "$last" -lt 3000 ] || last=2999
	// index=$first-$last
	// task=
	// warned=
	//
	// # Before time is over Slurm sends USR1 to this shell alone, and the program is
	// # told to save and stop. TERM, when the job is cancelled, requeued or preempted,
	// # comes to the program as well; this shell only stays to see how it ends.
	// trap 'warned=yes; [ -z "$task" ] || kill -TERM "$task"' USR1
	// trap : TERM
	//
	// /opt/firstspike sweep run 'my sweep.toml' --stage points --index "$index" --workers "${SLURM_CPUS_PER_TASK:-1}" &
	// task=$!
	// [ -z "$warned" ] || kill -TERM "$task"
	// while kill -0 "$task" 2>/dev/null; do
	// 	wait "$task"
	// done
	// wait "$task"
	// status=$?
	//
	// # It stopped because it was warned: it goes on from there when there is room
	// # again. A job that was cancelled meanwhile is not RUNNING any more.
	// try() { # a controller may be busy
	// 	for _ in 1 2 3; do
	// 		"$@" && return
	// 		sleep 5
	// 	done
	// 	return 1
	// }
	// if [ -n "$warned" ] && { [ "$status" -eq 130 ] || [ "$status" -eq 143 ]; }; then
	// 	if [ "$(try squeue --noheader --jobs="$job" --format=%T)" = RUNNING ]; then
	// 		echo "$job: out of time, queued again"
	// 		try scontrol requeue "$job"
	// 	fi
	// fi
	// exit "$status"
}

// What Kubernetes is given: one manifest. These are its kinds and names, and
// what the containers run.
func ExampleKubernetes() {
	files, err := cluster.Kubernetes{Image: "registry.example/firstspike", Storage: 10 << 30}.Files(plan)
	if err != nil {
		panic(err)
	}
	fmt.Println(files[0].Name)
	for line := range strings.Lines(files[0].Text) {
		switch field, _, _ := strings.Cut(line, ":"); field {
		case "kind", "  name", "  completions", "  parallelism", "          command", "          args":
			fmt.Print(line)
		}
	}
	// Output:
	// kubernetes/rates.yaml
	// kind: PersistentVolumeClaim
	//   name: "rates"
	// kind: Job
	//   name: "rates-1-shared"
	//   completions: 2
	//   parallelism: 2
	//           command: ["/opt/firstspike"]
	//           args: ["sweep", "run", "my sweep.toml", "--stage", "shared", "--index", "$(JOB_COMPLETION_INDEX)"]
	// kind: Job
	//   name: "rates-2-points"
	//   completions: 3000
	//   parallelism: 20
	//           command: ["/opt/firstspike"]
	//           args: ["sweep", "run", "my sweep.toml", "--stage", "points", "--index", "$(JOB_COMPLETION_INDEX)", "--workers", "4"]
	// kind: Job
	//   name: "rates-3-final"
	//   completions: 1
	//   parallelism: 1
	//           command: ["/opt/firstspike"]
	//           args: ["sweep", "merge", "my sweep.toml"]
}
