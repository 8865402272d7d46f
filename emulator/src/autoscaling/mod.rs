//! EC2 Auto Scaling: groups of instances.
//!
//! <https://docs.aws.amazon.com/autoscaling/ec2/APIReference/Welcome.html>

use crate::wire::Operation;

/// What EC2 Auto Scaling can do here; anything else is an `InvalidAction`.
pub(crate) static OPERATIONS: &[Operation] = &[];
