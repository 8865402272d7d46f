//! Pipes in a few words.

use crate::pipes::Pipe;
use crate::world::World;

impl World {
    /// Puts a running pipe there, from a queue of its name, that runs a task definition (a family, `family:revision` or
    /// an ARN) on a cluster. One that is there already gets this target.
    pub fn ecs_pipe(&mut self, name: &str, cluster: &str, task_definition: &str) -> &mut Self {
        let target = self.arn("ecs", &format!("cluster/{cluster}"));
        let runs = self.task_definition_arn(task_definition);
        self.put_pipe(name, target, Some(runs))
    }

    /// Puts a running pipe there, from a queue of its name, that goes to anything but ECS.
    pub fn pipe(&mut self, name: &str, target_arn: &str) -> &mut Self {
        self.put_pipe(name, target_arn.to_owned(), None)
    }

    /// Stops a pipe.
    pub fn stop_pipe(&mut self, name: &str) -> &mut Self {
        let now = self.now;
        if let Some(pipe) = self.pipes.pipes.get_mut(name) {
            pipe.running = false;
            pipe.modified_at = now;
        }
        self
    }

    /// Takes a pipe away.
    pub fn remove_pipe(&mut self, name: &str) -> &mut Self {
        self.pipes.pipes.remove(name);
        self
    }

    fn put_pipe(&mut self, name: &str, target: String, task_definition: Option<String>) -> &mut Self {
        let created_at = self.pipes.pipes.get(name).map_or(self.now, |pipe| pipe.created_at);
        let pipe = Pipe {
            running: true,
            created_at,
            modified_at: self.now,
            source: self.arn("sqs", name),
            target,
            task_definition,
        };
        self.pipes.pipes.insert(name.to_owned(), pipe);
        self
    }
}
