//! Compiles `proto/` without protoc: protox parses, prost and tonic generate.

use std::{
    env,
    error::Error,
    fs,
    path::{Path, PathBuf},
};

use prost_types::{FileDescriptorProto, FileDescriptorSet, MethodDescriptorProto};

#[allow(clippy::disallowed_methods, reason = "cargo speaks to build scripts through the environment")]
fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from("../../proto");
    let mut files = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "proto") {
                files.push(path);
            }
        }
    }
    files.sort();
    println!("cargo:rerun-if-changed={}", root.display());

    let mut compiler = protox::Compiler::new([&root])?;
    compiler.include_imports(true).include_source_info(true).open_files(&files)?;

    // prost drops custom options from its own descriptor set; this encoding keeps them, for the access rules and for
    // reflection. Comments stay out of the binary.
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("descriptors.bin"), without_comments(&root, &files)?)?;
    let descriptors = compiler.file_descriptor_set();
    fs::write(out.join("keyed.rs"), keyed_requests(&descriptors))?;

    let mut config = tonic_prost_build::Config::new();
    config.enable_type_names();
    tonic_prost_build::configure()
        .codec_path("crate::codec::Codec")
        .include_file("flare.rs")
        .emit_rerun_if_changed(false)
        .compile_fds_with_config(descriptors, config)?;
    Ok(())
}

fn without_comments(root: &Path, files: &[PathBuf]) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut compiler = protox::Compiler::new([root])?;
    compiler.include_imports(true).open_files(files)?;
    Ok(compiler.encode_file_descriptor_set())
}

/// Implements `Keyed` for the request of each RPC that has a `request_id`.
fn keyed_requests(descriptors: &FileDescriptorSet) -> String {
    let mut code = Vec::new();
    for file in &descriptors.file {
        let methods = file.service.iter().flat_map(|service| &service.method);
        for method in methods.filter(|method| is_keyed(file, method)) {
            let request = method.input_type().trim_start_matches(".flare.").replace('.', "::");
            code.push(format!(
                "impl Keyed for crate::{request} {{\n    const RPC: &'static str = {:?};\n\n    \
                 fn request_id(&self) -> &str {{\n        &self.request_id\n    }}\n}}\n",
                method.name(),
            ));
        }
    }
    code.concat()
}

fn is_keyed(file: &FileDescriptorProto, method: &MethodDescriptorProto) -> bool {
    file.message_type.iter().any(|message| {
        method.input_type() == format!(".{}.{}", file.package(), message.name())
            && message.field.iter().any(|field| field.name() == "request_id")
    })
}
