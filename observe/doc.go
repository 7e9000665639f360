// Package observe writes what a training reports for other tools: TensorBoard,
// spreadsheets, scripts.
//
// # Observers
//
// [NewTensorBoard], [NewCSV] and [NewJSONLines] begin a file of a [Run] with all
// epochs that the run's folder tells of. What they return is a [train.Observer]:
// given to a training it goes on with every epoch that ends. So a finished run is
// exported, a training is watched, and a training that is resumed is watched from
// its beginning, all in the same way and to the same file. No observer changes or
// stops a training: what cannot be written is told in the end.
//
// # Numbers
//
// An epoch has these numbers. TensorBoard has them under the layer's name, as
// s3/train/right; in tables they are columns, as train_right.
//
//	train/right, train/wrong, train/silent    shares, 0 to 1, of the images learned from; layers that learn from decisions only
//	validation/right, …                       the same of the held-out images; last layer, protocol "validation"
//	test/right, …                             the same of the test images; last layer, protocol "paper"
//	convergence                               mean of w(1-w) over the layer's weights: towards 0 as they become 0 or 1
//	images_per_second                         of that epoch; of a layer from the cache, when it was learned
//	rates/a_plus, rates/a_minus               the learning rates
//	rates/punish_a_plus, rates/punish_a_minus the same after wrong decisions; layers that learn from decisions only
//
// The rates of an STDP layer are those of the epoch's last image. The rates of an
// R-STDP layer with adaptation change within an epoch, after every so many images;
// what is told is the rates scaled by the epoch's shares of wrong and of right
// decisions, which is the mean of what it set them to, exactly if the epoch is a
// whole number of such periods. They count as unscaled until the first period is
// full.
//
// # In TensorBoard
//
// The step is the number of presentations in the whole training, so that layers
// stand one after another. The time is the run's start and the seconds that it has
// trained, without those between an interruption and going on. Beside scalars
// there are:
//
//	s1/weights            histograms of a layer's weights, over its bounds
//	s1/features           what its maps look for, a picture ([TensorBoard.Images])
//	experiment            the experiment as TOML
//	hyperparameters       every setting, by its path, such as layers.s2.threshold
//	result/right, …       shares of the test images, of the chosen network ([TensorBoard.Outcome])
//
// Files are never changed, and nothing is written twice: a run that is resumed,
// or exported again, goes on in another file where the files in the folder end.
// What a killed training had written beyond its last checkpoint stays if the
// resumed one comes to the same, as it does; only how fast it was is then that of
// the first time. What differs is declared void.
//
// The hyperparameters' page compares runs by result/right and the last layer's
// shares. Give each run a folder of its own below the one that TensorBoard is
// shown.
//
// # In tables
//
// Columns of CSV files and names of JSON lines are the same: layer; epoch, from 0;
// epochs, of the layer; presentations; seconds, of the whole training so far;
// best, whether it was the best epoch so far; cached, whether it was taken from
// the cache; then the numbers above, with _ for /. Numbers are written with as many
// digits as it takes to read them back unchanged.
package observe
