# Packs IMAGE_ROOTFS as an OCI image layout and deploys it under the names meta-virtualization gives.
#
# The layer's tar and gzip are written here byte by byte, in stored blocks: neither a compressor's version nor that of
# Python's tarfile is in its digest, so the image is the same on every machine, and the same as stand-in.mjs makes. (A
# layer without gzip would do too, but skopeo compresses such layers when it copies them, which changes every digest.)
IMAGE_ROOTFS = "${WORKDIR}/rootfs"
IMGDEPLOYDIR = "${WORKDIR}/deploy-${PN}-image-complete"
IMAGE_BASENAME = "${PN}"
IMAGE_LINK_NAME = "${IMAGE_BASENAME}-${MACHINE}.rootfs"
IMAGE_NAME = "${IMAGE_LINK_NAME}-${DATE}${TIME}"
OCI_IMAGE_ARCH = "${@dict(aarch64='arm64', x86_64='amd64')[d.getVar('TARGET_ARCH')]}"
OCI_IMAGE_TAG ?= "latest"

do_rootfs[cleandirs] = "${IMAGE_ROOTFS}"
do_rootfs[dirs] = "${IMAGE_ROOTFS}"
addtask rootfs

python do_image_oci() {
    import hashlib, json, struct, zlib
    from pathlib import Path

    def octal(number, length):
        return b"%0*o\0" % (length - 1, number)

    def header(name, size, is_directory):
        fields = [
            name.encode().ljust(100, b"\0"), octal(0o755 if is_directory else 0o644, 8), octal(0, 8), octal(0, 8),
            octal(size, 12), octal(0, 12), b" " * 8, b"5" if is_directory else b"0", bytes(100),
            b"ustar\x0000", bytes(64), octal(0, 8), octal(0, 8), bytes(167),
        ]
        block = b"".join(fields)
        return block[:148] + b"%06o\0 " % sum(block) + block[156:]

    def tar(folder):
        data = b""
        for path in sorted(Path(folder).rglob("*")):
            name = "./" + path.relative_to(folder).as_posix()
            if path.is_dir():
                data += header(name + "/", 0, True)
            else:
                content = path.read_bytes()
                data += header(name, len(content), False) + content + bytes(-len(content) % 512)
        return data + bytes(1024)

    def gzip(data):
        # RFC 1952 around RFC 1951 blocks of type 00.
        parts = [data[at:at + 0xffff] for at in range(0, len(data), 0xffff)]
        blocks = b"".join(
            struct.pack("<BHH", part is parts[-1], len(part), len(part) ^ 0xffff) + part for part in parts
        )
        return bytes.fromhex("1f8b08000000000000ff") + blocks + struct.pack("<II", zlib.crc32(data), len(data))

    def sha256(data):
        return hashlib.sha256(data).hexdigest()

    def encode(document):
        return json.dumps(document, separators=(",", ":")).encode()

    def blob(kind, data):
        (layout / "blobs/sha256" / sha256(data)).write_bytes(data)
        return {"mediaType": f"application/vnd.oci.image.{kind}", "digest": f"sha256:{sha256(data)}", "size": len(data)}

    name = d.getVar("IMAGE_NAME") + "-oci"
    link = d.expand("${IMAGE_BASENAME}-${OCI_IMAGE_TAG}-oci").replace(":", "_")
    deploy = Path(d.getVar("IMGDEPLOYDIR"))
    layout = deploy / name
    (layout / "blobs/sha256").mkdir(parents=True)

    layer = tar(d.getVar("IMAGE_ROOTFS"))
    config = blob("config.v1+json", encode({
        "architecture": d.getVar("OCI_IMAGE_ARCH"),
        "os": "linux",
        "config": {"Entrypoint": ["sh"]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{sha256(layer)}"]},
    }))
    manifest = blob("manifest.v1+json", encode({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": config,
        "layers": [blob("layer.v1.tar+gzip", gzip(layer))],
    }))
    manifest["annotations"] = {"org.opencontainers.image.ref.name": d.getVar("OCI_IMAGE_TAG")}
    (layout / "index.json").write_bytes(encode({"schemaVersion": 2, "manifests": [manifest]}))
    (layout / "oci-layout").write_bytes(encode({"imageLayoutVersion": "1.0.0"}))

    (deploy / f"{name}.tar").write_bytes(tar(layout))
    (deploy / link).symlink_to(name)
    (deploy / f"{link}.tar").symlink_to(f"{name}.tar")
}
do_image_oci[cleandirs] = "${IMGDEPLOYDIR}"
addtask image_oci after do_rootfs

python do_image_complete() {
    import shutil
    from pathlib import Path

    for old in list(Path(d.getVar("DEPLOY_DIR_IMAGE")).glob("*")):
        if old.resolve().name.startswith(d.getVar("IMAGE_LINK_NAME") + "-"):
            shutil.rmtree(old) if old.is_dir() and not old.is_symlink() else old.unlink()
    shutil.copytree(d.getVar("IMGDEPLOYDIR"), d.getVar("DEPLOY_DIR_IMAGE"), symlinks=True, dirs_exist_ok=True)
}
do_image_complete[stamp-extra-info] = "${MACHINE}"
addtask image_complete after do_image_oci before do_build
