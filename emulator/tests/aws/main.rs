//! The embedded AWS, as its callers see it.

#[cfg(test)]
mod autoscaling;
#[cfg(test)]
mod capacity;
#[cfg(test)]
mod ecr;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod group_life;
#[cfg(test)]
mod groups;
#[cfg(test)]
mod http_door;
#[cfg(test)]
mod jobs;
#[cfg(test)]
mod lists;
#[cfg(test)]
mod protocols;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod run_task;
#[cfg(test)]
mod sdk;
#[cfg(test)]
mod service_life;
#[cfg(test)]
mod tags;
#[cfg(test)]
mod world;
