// Put into every file by the build, because JSX becomes calls of React.createElement.
import * as React from 'react';

export { React };
