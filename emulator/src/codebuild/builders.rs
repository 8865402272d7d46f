//! Build projects in a few words.

use crate::codebuild::Project;
use crate::world::World;

impl World {
    /// Puts a build project there whose builds run in this image, or gives the image to the one that is there.
    pub fn build_project(&mut self, name: &str, image: &str) -> &mut Self {
        let created_at = self.codebuild.projects.get(name).map_or(self.now, |project| project.created_at);
        let project = Project { image: image.to_owned(), created_at, modified_at: self.now };
        self.codebuild.projects.insert(name.to_owned(), project);
        self
    }

    /// Takes a build project away.
    pub fn remove_build_project(&mut self, name: &str) -> &mut Self {
        self.codebuild.projects.remove(name);
        self
    }
}
