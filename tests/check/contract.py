"""The wire contract, as its descriptor set has it: everything of ours is documented, and nothing is in it that
protobuf-c cannot carry or cannot carry safely."""
from pathlib import Path

from google.protobuf import descriptor_pb2 as pb

OURS = "muon."
SET = "build/debug/protos/gen/muon.pb"

# The path of an element in SourceCodeInfo: numbers of the fields that lead to it, and indexes.
MESSAGE, ENUM, SERVICE = 4, 5, 6                            # in a file
FIELD, NESTED, NESTED_ENUM, ONEOF = 2, 3, 4, 8              # in a message
VALUE, METHOD = 2, 2                                        # in an enumeration, in a service


def walk_message(path, name, message):
    yield path, name
    for i, field in enumerate(message.field):
        yield path + (FIELD, i), f"{name}.{field.name}"
    for i, oneof in enumerate(message.oneof_decl):
        yield path + (ONEOF, i), f"{name}.{oneof.name}"
    for i, enum in enumerate(message.enum_type):
        yield from walk_enum(path + (NESTED_ENUM, i), f"{name}.{enum.name}", enum)
    for i, nested in enumerate(message.nested_type):
        yield from walk_message(path + (NESTED, i), f"{name}.{nested.name}", nested)


def walk_enum(path, name, enum):
    yield path, name
    for i, value in enumerate(enum.value):
        yield path + (VALUE, i), f"{name}.{value.name}"


def walk(file):
    """(path, name) of every element of a file."""
    for i, message in enumerate(file.message_type):
        yield from walk_message((MESSAGE, i), f"{file.package}.{message.name}", message)
    for i, enum in enumerate(file.enum_type):
        yield from walk_enum((ENUM, i), f"{file.package}.{enum.name}", enum)
    for i, service in enumerate(file.service):
        yield (SERVICE, i), f"{file.package}.{service.name}"
        for j, method in enumerate(service.method):
            yield (SERVICE, i, METHOD, j), f"{file.package}.{service.name}.{method.name}"


def check_documented(file):
    documented = {tuple(place.path) for place in file.source_code_info.location if place.leading_comments.strip()}
    return [f"{file.name}: {name} has no comment" for path, name in walk(file) if path not in documented]


# hazards 13
def check_plain(file):
    """No proto3 "optional", which protobuf-c does not know, and no maps."""
    for message in file.message_type:
        for field in message.field:
            if field.proto3_optional:
                yield f"{file.name}: {message.name}.{field.name}: \"optional\"; use a oneof with one member"
        for nested in message.nested_type:
            if nested.options.map_entry:
                yield f"{file.name}: {message.name}.{nested.name}: a map"


# hazards 14
def check_flat(files):
    """No message that contains itself: protobuf-c unpacks without a limit on depth."""
    edges = {f".{file.package}.{message.name}": {field.type_name for field in message.field if field.type_name}
             for file in files for message in file.message_type}

    def reaches(start):
        seen, todo = set(), list(edges[start])
        while todo:
            name = todo.pop()
            if name not in seen:
                seen.add(name)
                todo += edges.get(name, ())
        return seen

    return [f"{name[1:]} contains itself" for name in edges if name in reaches(name)]


def check(root):
    files = pb.FileDescriptorSet.FromString(Path(root, SET).read_bytes()).file
    ours = [file for file in files if file.package.startswith(OURS)]
    found = [] if ours else [f"{SET}: holds nothing of ours"]
    for file in ours:
        found += check_documented(file)
        found += check_plain(file)
    return found + check_flat(files)
