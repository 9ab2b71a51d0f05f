mod certificates;
mod forms;
mod known_answers;
mod master;
mod properties;
mod silence;
