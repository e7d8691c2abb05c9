//! The shaders as a browser would take them, and their structs against those of the host.
#![cfg(feature = "gpu")]

use corefine::engine::gpu::layout::{Field, Layout, SHADERS};
use naga::{Module, ScalarKind, TypeInner};

fn parse(source: &str) -> Module {
    naga::front::wgsl::parse_str(source).unwrap_or_else(|error| panic!("{}", error.emit_to_string(source)))
}

/// Everything in which the module's struct of that name differs from the layout, one line each.
fn mismatches(module: &Module, layout: &Layout) -> Vec<String> {
    let Some((handle, found)) = module.types.iter().find(|(_, kind)| kind.name.as_deref() == Some(layout.name)) else {
        return vec![format!("the shader has no struct {}", layout.name)];
    };
    let TypeInner::Struct { members, span } = &found.inner else {
        return vec![format!("{} is no struct in the shader", layout.name)];
    };
    let mut wrong = Vec::new();
    let mut compare = |what: String, host: String, shader: String| {
        if host != shader {
            wrong.push(format!("{}: {what} is {host} on the host and {shader} in the shader", layout.name));
        }
    };
    compare("size".into(), layout.size.to_string(), span.to_string());
    compare("number of fields".into(), layout.fields.len().to_string(), members.len().to_string());
    for (field, member) in layout.fields.iter().zip(members) {
        let name = member.name.clone().unwrap_or_default();
        compare(format!("field at {}", field.offset), field.name.into(), name);
        compare(format!("offset of {}", field.name), field.offset.to_string(), member.offset.to_string());
        compare(format!("type of {}", field.name), field.kind.into(), scalar(&module.types[member.ty].inner));
    }
    let strides = module.types.iter().filter_map(|(_, kind)| match kind.inner {
        TypeInner::Array { base, stride, .. } if base == handle => Some(stride),
        _ => None,
    });
    for stride in strides {
        compare("stride".into(), layout.size.to_string(), stride.to_string());
    }
    wrong
}

fn scalar(inner: &TypeInner) -> String {
    match inner {
        TypeInner::Scalar(scalar) => {
            let letter = match scalar.kind {
                ScalarKind::Uint => "u",
                ScalarKind::Sint => "i",
                ScalarKind::Float => "f",
                _ => "?",
            };
            format!("{letter}{}", 8 * u32::from(scalar.width))
        }
        other => format!("{other:?}"),
    }
}

/// The value of a constant of the shader.
fn constant(module: &Module, name: &str) -> u32 {
    let (_, found) =
        module.constants.iter().find(|(_, constant)| constant.name.as_deref() == Some(name)).expect("a constant");
    match module.global_expressions[found.init] {
        naga::Expression::Literal(naga::Literal::U32(value)) => value,
        ref other => panic!("{name} is {other:?}"),
    }
}

#[test]
fn host_and_shader_agree_on_every_struct() {
    for shader in SHADERS {
        let module = parse(shader.source);
        for layout in shader.layouts {
            assert_eq!(mismatches(&module, layout), Vec::<String>::new(), "{}", shader.name);
        }
    }
}

/// What a buffer holds: the elements of an array, or the one struct itself.
fn held(module: &Module, variable: &naga::GlobalVariable) -> naga::Type {
    match module.types[variable.ty].inner {
        TypeInner::Array { base, .. } => module.types[base].clone(),
        _ => module.types[variable.ty].clone(),
    }
}

#[test]
fn every_struct_in_a_buffer_is_compared() {
    for shader in SHADERS {
        let module = parse(shader.source);
        let mut buffers = 0;
        for (_, variable) in module.global_variables.iter() {
            match variable.space {
                naga::AddressSpace::Storage { .. } => buffers += 1,
                naga::AddressSpace::Uniform => {}
                _ => continue,
            }
            let held = held(&module, variable);
            let known = shader.layouts.iter().any(|layout| Some(layout.name) == held.name.as_deref());
            let plain = match held.inner {
                TypeInner::Atomic(scalar) => scalar.kind == ScalarKind::Uint,
                ref inner => ["f32", "u32"].contains(&scalar(inner).as_str()),
            };
            assert!(known || plain, "{held:?} has no twin on the host");
        }
        assert_eq!(buffers, shader.buffers, "{}", shader.name);
    }
}

/// Bytes of all that a workgroup shares.
fn workgroup_bytes(module: &Module) -> u32 {
    let shared = module.global_variables.iter().filter(|(_, v)| v.space == naga::AddressSpace::WorkGroup);
    shared.map(|(_, variable)| module.types[variable.ty].inner.size(module.to_ctx())).sum()
}

#[test]
fn constants_agree() {
    for shader in SHADERS {
        let module = parse(shader.source);
        let entry = module.entry_points.iter().find(|entry| entry.name == shader.name).expect("the entry point");
        let known = |name: &str| shader.constants.iter().find(|(known, _)| *known == name).expect("a constant").1;
        assert_eq!(entry.workgroup_size, [known("LANES") as u32, 1, 1]);
        for (name, value) in shader.constants {
            assert_eq!(constant(&module, name) as usize, *value, "{name}");
        }
        assert_eq!(workgroup_bytes(&module) as usize, shader.workgroup_bytes, "{}", shader.name);
    }
}

/// How near to an edge the host believes the kernel.
#[test]
fn the_kernel_doubts_what_the_host_thinks_it_does() {
    let module = parse(corefine::engine::gpu::bins::layout::BINS.source);
    let (_, found) = module.constants.iter().find(|(_, c)| c.name.as_deref() == Some("DOUBT")).expect("DOUBT");
    let naga::Expression::Literal(naga::Literal::F32(value)) = module.global_expressions[found.init] else {
        panic!("{found:?}")
    };
    assert_eq!(f64::from(value), corefine::engine::gpu::bins::DOUBT);
}

/// The test above can fail: every way in which a struct may differ is seen.
#[test]
fn a_wrong_layout_is_seen() {
    const HOST: Layout = Layout {
        name: "Peak",
        size: 8,
        fields: &[Field { name: "center", kind: "u32", offset: 0 }, Field { name: "slope", kind: "f32", offset: 4 }],
    };
    let shader = |body: &str| {
        let source = format!("struct Peak {{ {body} }} @group(0) @binding(0) var<storage, read> p: array<Peak>;");
        mismatches(&parse(&source), &HOST)
    };
    assert_eq!(shader("center: u32, slope: f32"), Vec::<String>::new());
    for (body, complaint) in [
        ("slope: f32, center: u32", "field at 0"),
        ("center: i32, slope: f32", "type of center is u32 on the host and i32"),
        ("center: u32, @align(16) slope: f32", "offset of slope is 4 on the host and 16"),
        ("center: u32, slope: f32, more: f32", "number of fields is 2 on the host and 3"),
        ("center: u32, @size(12) slope: f32", "stride is 8 on the host and 16"),
    ] {
        let wrong = shader(body);
        assert!(wrong.iter().any(|line| line.contains(complaint)), "{body}: {wrong:?}");
    }
    assert_eq!(mismatches(&parse("struct Other { a: u32 }"), &HOST), ["the shader has no struct Peak"]);
}

/// Portable WGSL: valid without any capability beyond WebGPU's own, so that a browser takes it.
#[test]
fn shaders_are_valid_without_any_extension() {
    for shader in SHADERS {
        let module = parse(shader.source);
        let flags = naga::valid::ValidationFlags::all();
        let mut validator = naga::valid::Validator::new(flags, naga::valid::Capabilities::empty());
        if let Err(error) = validator.validate(&module) {
            panic!("{}", error.emit_to_string(shader.source));
        }
    }
}
