//! Lambda functions that are container images.

use aws_sdk_lambda::types::{FunctionVersion as Which, PackageType};
use futures_util::stream::TryStreamExt as _;
use shared::{Code, Problem};

use super::{Read, pages};
use crate::budget::Bucket;
use crate::run::Operation;

const LIST: Operation = ("lambda:ListFunctions", Bucket::LambdaRead);
const GET: Operation = ("lambda:GetFunction", Bucket::LambdaGetFunction);

/// A version of a function whose package is an image.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FunctionVersion {
    /// The function.
    pub name: String,
    /// `$LATEST`, or a number.
    pub version: String,
}

impl FunctionVersion {
    /// Whether what it is can't change any more.
    #[must_use]
    pub fn is_published(&self) -> bool {
        self.version != "$LATEST"
    }
}

impl Read {
    /// All versions of all functions whose package is an image. A list does not say which image.
    ///
    /// Source: <https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctions.html>
    pub async fn image_functions(&self) -> Result<Vec<FunctionVersion>, Problem> {
        let pages = pages(LIST, |token: Option<String>| async move {
            let answer = self
                .0
                .send(LIST, "the account", |watch| {
                    let call = self.0.aws.lambda.list_functions().function_version(Which::All);
                    call.set_marker(token.clone()).customize().interceptor(watch).send()
                })
                .await?;
            let images =
                answer.functions().iter().filter(|it| it.package_type() == Some(&PackageType::Image));
            let versions = images.filter_map(|it| {
                let version = it.version().unwrap_or("$LATEST").to_owned();
                Some(FunctionVersion { name: it.function_name()?.to_owned(), version })
            });
            Ok((versions.collect::<Vec<_>>(), answer.next_marker.clone()))
        });
        let mut all: Vec<FunctionVersion> = pages.try_concat().await?;
        all.sort();
        all.dedup();
        Ok(all)
    }

    /// The image that a version was made of: as it was resolved then, else as it was named.
    ///
    /// Source: <https://docs.aws.amazon.com/lambda/latest/api/API_FunctionCodeLocation.html>
    pub async fn image_of_function(&self, of: &FunctionVersion) -> Result<String, Problem> {
        let thing = format!("function:{}:{}", of.name, of.version);
        let answer = self
            .0
            .send(GET, &thing, |watch| {
                let call = self.0.aws.lambda.get_function().function_name(&of.name).qualifier(&of.version);
                call.customize().interceptor(watch).send()
            })
            .await?;
        let code = answer.code();
        let image = code.and_then(|code| code.resolved_image_uri().or(code.image_uri()));
        image.map(str::to_owned).ok_or_else(|| {
            Problem::new(
                Code::AwsFailed,
                format!("lambda:GetFunction on {thing}: the answer does not say which image it is"),
            )
        })
    }
}
