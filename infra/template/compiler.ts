import { execFile } from 'node:child_process'
import { access, chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** What is compiled is compared byte by byte: another version of the compiler writes another template. */
const VERSION = '0.47.16'
/** Microsoft publishes the compiler as a NuGet package for each platform, with the program under tools/. */
const PACKAGES: Readonly<Record<string, string>> = {
  'linux-x64': 'linux-x64',
  'linux-arm64': 'linux-arm64',
  'darwin-x64': 'osx-x64',
  'darwin-arm64': 'osx-arm64',
  'win32-x64': 'win-x64',
  'win32-arm64': 'win-arm64',
}
const CACHE = fileURLToPath(new URL('../../node_modules/.cache/bicep', import.meta.url))

/**
 * The path of the Bicep compiler, fetched with the .NET SDK from the NuGet feed that this machine names when it is not
 * here yet. Rejects, saying what is missing, where it cannot be had.
 */
export async function findCompiler(): Promise<string> {
  const platform = PACKAGES[`${process.platform}-${process.arch}`]
  if (platform === undefined) {
    throw new Error(`there is no Bicep compiler for ${process.platform} on ${process.arch}`)
  }
  const id = `Azure.Bicep.CommandLine.${platform}`
  const file = process.platform === 'win32' ? 'bicep.exe' : 'bicep'
  const program = join(CACHE, id.toLowerCase(), VERSION, 'tools', file)
  if (!(await isThere(program))) await fetchPackage(id)
  await chmod(program, 0o755)
  return program
}

/** A project that builds nothing: restoring it brings the package. */
async function fetchPackage(id: string): Promise<void> {
  await mkdir(CACHE, { recursive: true })
  const project = join(CACHE, 'compiler.csproj')
  await writeFile(
    project,
    `<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <TargetFramework>netstandard2.0</TargetFramework>
    <DisableImplicitFrameworkReferences>true</DisableImplicitFrameworkReferences>
    <EnableDefaultItems>false</EnableDefaultItems>
  </PropertyGroup>
  <ItemGroup><PackageDownload Include="${id}" Version="[${VERSION}]" /></ItemGroup>
</Project>
`,
  )
  try {
    await run('dotnet', ['restore', project, '--packages', CACHE])
  } catch (cause) {
    const { code, stdout } = cause as { code?: unknown; stdout?: string }
    const why = code === 'ENOENT' ? 'the .NET SDK (dotnet) is not on the PATH' : `dotnet says: ${stdout}`
    throw new Error(`the Bicep compiler, package ${id} ${VERSION}, could not be fetched: ${why}`, { cause })
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await access(path)
    return true
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return false
    throw error
  }
}
