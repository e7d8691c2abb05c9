//! Which adapters there are, which one is taken, and opening it: the one place where a device is made.

use std::sync::{Arc, Mutex, PoisonError};

use super::layout::{BROADEN, LANES, Shader};

/// Which adapter to open.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Choice {
    /// The best piece of hardware; no software adapter, which the CPU engine outruns.
    #[default]
    Hardware,
    /// The best adapter there is, a software adapter where there is no other.
    Any,
    /// The best one whose name contains this, capitals or not.
    Named(String),
}

/// What kind of adapter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A card with its own memory.
    Discrete,
    /// Beside the CPU, in its memory.
    Integrated,
    /// Lent by a host to a virtual machine.
    Virtual,
    /// It does not say.
    Other,
    /// A program that runs on the CPU (llvmpipe, SwiftShader, WARP).
    Software,
}

/// One adapter, as `corefine devices` lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdapterInfo {
    /// Name of the device.
    pub name: String,
    /// Interface: Vulkan, Metal, Dx12.
    pub backend: String,
    /// What kind.
    pub kind: Kind,
    /// Name and version of the driver.
    pub driver: String,
}

/// No GPU engine could be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GpuError {
    /// There is nothing to open.
    #[error("no adapter found through Vulkan, Metal or DirectX 12; install a GPU driver, or use --engine cpu")]
    NoAdapter,
    /// Only software adapters, and hardware was asked for.
    #[error("no GPU found; --engine gpu takes the software adapter {found}")]
    OnlySoftware {
        /// Those that there are.
        found: String,
    },
    /// No adapter has such a name.
    #[error("no adapter is called \"{wanted}\"; there are: {found}")]
    NotFound {
        /// Asked for.
        wanted: String,
        /// Those that there are.
        found: String,
    },
    /// The adapter offers less than the kernel needs.
    #[error("{adapter} offers {limit} = {offered} and the kernel needs {needed}; use --engine cpu")]
    TooSmall {
        /// Its name.
        adapter: String,
        /// Name of the limit in WebGPU.
        limit: &'static str,
        /// What it offers.
        offered: u64,
        /// What is needed.
        needed: u64,
    },
    /// The driver refused.
    #[error("{adapter} could not be opened: {reason}; update its driver, or use --engine cpu")]
    Open {
        /// Its name.
        adapter: String,
        /// What the driver said.
        reason: String,
    },
}

/// Every adapter that wgpu sees.
pub async fn adapters() -> Vec<AdapterInfo> {
    enumerate().await.iter().map(describe).collect()
}

/// Index of the adapter that `choice` takes: discrete before integrated before virtual, the first of equals.
///
/// ```
/// use corefine::engine::gpu::{AdapterInfo, Choice, Kind, pick};
///
/// let llvmpipe = AdapterInfo {
///     name: "llvmpipe".into(), backend: "Vulkan".into(), kind: Kind::Software, driver: String::new(),
/// };
/// assert_eq!(pick(&[llvmpipe.clone()], &Choice::Any), Ok(0));
/// assert!(pick(&[llvmpipe], &Choice::Hardware).is_err());
/// ```
pub fn pick(adapters: &[AdapterInfo], choice: &Choice) -> Result<usize, GpuError> {
    if adapters.is_empty() {
        return Err(GpuError::NoAdapter);
    }
    let fits = |adapter: &AdapterInfo| match choice {
        Choice::Hardware => adapter.kind != Kind::Software,
        Choice::Any => true,
        Choice::Named(name) => adapter.name.to_lowercase().contains(&name.to_lowercase()),
    };
    let best = (0..adapters.len()).filter(|&i| fits(&adapters[i])).min_by_key(|&i| adapters[i].kind);
    best.ok_or_else(|| {
        let found = adapters.iter().map(|adapter| adapter.name.as_str()).collect::<Vec<_>>().join(", ");
        match choice {
            Choice::Named(wanted) => GpuError::NotFound { wanted: wanted.clone(), found },
            _ => GpuError::OnlySoftware { found },
        }
    })
}

/// An open device. The rest of the engine is given it and opens nothing.
pub(super) struct Opened {
    /// Its adapter.
    pub info: AdapterInfo,
    /// The device.
    pub device: wgpu::Device,
    /// Its queue.
    pub queue: wgpu::Queue,
    /// Filled in when the device is lost, or fails where nobody listens.
    pub trouble: Trouble,
}

/// What went wrong outside of any call, shared with the driver's callbacks.
#[derive(Debug, Clone, Default)]
pub(super) struct Trouble(Arc<Mutex<Option<String>>>);

impl Trouble {
    /// Keeps the first message.
    pub fn set(&self, message: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(message);
    }

    /// The message, if any.
    pub fn get(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Opens the adapter of `choice` with no limit above WebGPU's defaults, and of the `wanted` features those that it has.
pub(super) async fn open(choice: &Choice, wanted: wgpu::Features) -> Result<Opened, GpuError> {
    let found = enumerate().await;
    let infos: Vec<AdapterInfo> = found.iter().map(describe).collect();
    let taken = pick(&infos, choice)?;
    let info = infos[taken].clone();
    let limits = wgpu::Limits::defaults().or_worse_values_from(&found[taken].limits());
    sufficient(&info.name, &limits, &BROADEN)?;
    let descriptor = wgpu::DeviceDescriptor {
        label: Some("corefine"),
        required_features: wanted & found[taken].features(),
        required_limits: limits,
        ..Default::default()
    };
    let refused =
        |error: wgpu::RequestDeviceError| GpuError::Open { adapter: info.name.clone(), reason: error.to_string() };
    let (device, queue) = found[taken].request_device(&descriptor).await.map_err(refused)?;
    let trouble = listen(&device);
    Ok(Opened { info, device, queue, trouble })
}

/// Without a listener wgpu would end the program.
fn listen(device: &wgpu::Device) -> Trouble {
    let trouble = Trouble::default();
    let lost = trouble.clone();
    device.set_device_lost_callback(move |reason, message| {
        lost.set(format!("the device was lost ({reason:?}) {message}").trim_end().to_owned());
    });
    let uncaptured = trouble.clone();
    device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| uncaptured.set(error.to_string())));
    trouble
}

/// Has the adapter what a kernel needs?
pub(super) fn sufficient(adapter: &str, offered: &wgpu::Limits, shader: &Shader) -> Result<(), GpuError> {
    let needs: [(&'static str, u64, u64); 6] = [
        ("maxStorageBuffersPerShaderStage", offered.max_storage_buffers_per_shader_stage.into(), shader.buffers.into()),
        ("maxComputeWorkgroupSizeX", offered.max_compute_workgroup_size_x.into(), LANES as u64),
        ("maxComputeInvocationsPerWorkgroup", offered.max_compute_invocations_per_workgroup.into(), LANES as u64),
        (
            "maxComputeWorkgroupStorageSize",
            offered.max_compute_workgroup_storage_size.into(),
            shader.workgroup_bytes as u64,
        ),
        ("maxComputeWorkgroupsPerDimension", offered.max_compute_workgroups_per_dimension.into(), 1),
        ("maxStorageBufferBindingSize", offered.max_storage_buffer_binding_size, super::SMALLEST_BUFFER),
    ];
    for (limit, offered, needed) in needs {
        if offered < needed {
            return Err(GpuError::TooSmall { adapter: adapter.to_owned(), limit, offered, needed });
        }
    }
    Ok(())
}

async fn enumerate() -> Vec<wgpu::Adapter> {
    // `Instance::new` ends the program on a platform that has no backend.
    if wgpu::Instance::enabled_backend_features().is_empty() {
        return Vec::new();
    }
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle());
    instance.enumerate_adapters(wgpu::Backends::all()).await
}

fn describe(adapter: &wgpu::Adapter) -> AdapterInfo {
    let info = adapter.get_info();
    let kind = match info.device_type {
        wgpu::DeviceType::DiscreteGpu => Kind::Discrete,
        wgpu::DeviceType::IntegratedGpu => Kind::Integrated,
        wgpu::DeviceType::VirtualGpu => Kind::Virtual,
        wgpu::DeviceType::Other => Kind::Other,
        wgpu::DeviceType::Cpu => Kind::Software,
    };
    let driver = format!("{} {}", info.driver, info.driver_info).trim().to_owned();
    AdapterInfo { name: info.name, backend: format!("{:?}", info.backend), kind, driver }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Discrete => "discrete",
            Self::Integrated => "integrated",
            Self::Virtual => "virtual",
            Self::Other => "other",
            Self::Software => "software",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn adapter(name: &str, kind: Kind) -> AdapterInfo {
        AdapterInfo { name: name.into(), backend: "Vulkan".into(), kind, driver: String::new() }
    }

    #[test]
    fn the_best_hardware_is_taken() {
        let machine = [
            adapter("llvmpipe", Kind::Software),
            adapter("UHD 630", Kind::Integrated),
            adapter("RTX one", Kind::Discrete),
            adapter("RTX two", Kind::Discrete),
        ];
        assert_eq!(pick(&machine, &Choice::Hardware), Ok(2));
        assert_eq!(pick(&machine, &Choice::Any), Ok(2));
        assert_eq!(pick(&machine, &Choice::Named("uhd".into())), Ok(1));
        assert_eq!(pick(&machine[..1], &Choice::Any), Ok(0));
    }

    #[test]
    fn what_is_not_there_is_said() {
        let software = [adapter("llvmpipe", Kind::Software)];
        assert_eq!(pick(&[], &Choice::Any), Err(GpuError::NoAdapter));
        let only = pick(&software, &Choice::Hardware).expect_err("no hardware").to_string();
        assert!(only.contains("llvmpipe"), "{only}");
        let named = pick(&software, &Choice::Named("RTX".into())).expect_err("no RTX").to_string();
        assert!(named.contains("RTX") && named.contains("llvmpipe"), "{named}");
    }

    #[test]
    fn a_small_adapter_is_refused() {
        let limits = wgpu::Limits { max_compute_workgroup_size_x: 32, ..wgpu::Limits::defaults() };
        let message = sufficient("toy", &limits, &BROADEN).expect_err("too small").to_string();
        assert!(message.contains("toy offers maxComputeWorkgroupSizeX = 32"), "{message}");
    }
}
